"""kubectl_complete-cbt for a PATH, forked from a process that has the imports done: see ``warm.py``.

Arguments: the socket of that process, and those of the completer. Imports little: it is started for every TAB.
"""

import json
import os
import socket
import struct
import sys

LENGTH = struct.Struct("!I")


def main(path: str, *arguments: str) -> int:
    request = {
        "program": "kubectl_complete-cbt",
        "arguments": arguments,
        "environment": dict(os.environ),
        "cwd": os.getcwd(),  # noqa: PTH109  # pathlib takes longer to import than the rest
        "leads_terminal": False,
    }
    data = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [LENGTH.pack(len(data))], [0, 1, 2])
        connection.sendall(data)
        with connection.makefile("rb") as answers:
            answers.read(LENGTH.size)  # its pid
            return struct.unpack("!i", answers.read(4))[0]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
