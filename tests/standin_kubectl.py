"""Stands in for ``kubectl port-forward``, whose other end would be a kubelet: forwards loopback TCP for real.

Speaks as the real one does: `Forwarding from 127.0.0.1:N -> P` on stdout, one `Handling connection for N` a connection,
errors on stderr. What it does and where it leads stands in the JSON file named by STANDIN; what it was called with is
appended to the file named there: arguments, environment, and the kubeconfig, which it reads twice, as the real one
does. Every other verb is passed to the real kubectl.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def say(text: str, stream: TextIO) -> None:
    print(text, file=stream, flush=True)  # as kubectl does


def main() -> None:
    if sys.argv[1:2] != ["port-forward"]:
        os.execv(os.environ["STANDIN_REAL"], ["kubectl", *sys.argv[1:]])
    plan = json.loads(Path(os.environ["STANDIN"]).read_text())
    calls = Path(plan["calls"])
    number = len(calls.read_text().splitlines()) if calls.exists() else 0
    with calls.open("a") as file:
        file.write(json.dumps(called_with()) + "\n")
    acts = plan["acts"]
    act(acts[min(number, len(acts) - 1)], plan["port"])


def called_with() -> dict:
    path = Path(os.environ["KUBECONFIG"])
    texts = {path.read_text() for _ in range(2)}
    (text,) = texts
    logins = Path(os.environ["STANDIN"]).with_name("logins")
    return {
        "pid": os.getpid(),
        "guard": os.getppid(),
        "argv": sys.argv[1:],
        # As anybody sees them who may look; the guard's too.
        "commandLines": [Path(f"/proc/{pid}/cmdline").read_text() for pid in (os.getpid(), os.getppid())],
        "environment": dict(os.environ),
        "kubeconfig": json.loads(text),
        "mode": path.stat().st_mode & 0o777,
        "loginsSoFar": len(logins.read_text().splitlines()) if logins.exists() else 0,
    }


def act(how: dict, port: int) -> None:
    """One life of the child, by what the plan says of it."""
    if how.get("ignores_term"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while how.get("until") and not Path(how["until"]).exists():
        time.sleep(0.01)
    if how.get("refuses"):
        say(how["refuses"], sys.stderr)
        raise SystemExit(1)
    listener = socket.create_server(("127.0.0.1", 0))
    local = listener.getsockname()[1]
    say(f"Forwarding from 127.0.0.1:{local} -> 50051", sys.stdout)
    while True:
        client, _ = listener.accept()
        say(f"Handling connection for {local}", sys.stdout)
        server = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=copy, args=(client, server, None), daemon=True).start()
        threading.Thread(target=copy, args=(server, client, how.get("dies_after")), daemon=True).start()


def copy(source: socket.socket, sink: socket.socket, dies_after: int | None) -> None:
    passed = 0
    # In small parts, so that one that dies has passed little more than it was told, however much came at once.
    size = 65536 if dies_after is None else 1024
    with suppress(OSError):
        while data := source.recv(size):
            sink.sendall(data)
            passed += len(data)
            if dies_after is not None and passed > dies_after:
                say("error: lost connection to pod", sys.stderr)
                os._exit(1)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
