"""Entry point of the console script ``kubectl-cbt`` and of ``python -m kubectl_cbt``."""

import os
import sys
import warnings

try:
    from kubectl_cbt.cli.signals import Terminated, leave, raise_on_signals, report_interruption
except KeyboardInterrupt:
    # Before there are handlers. The exit status of a command that Ctrl-C ended, without a traceback.
    sys.exit(130)


def main() -> None:
    """Run the command line and leave with its exit status."""
    # Before slow imports: the user can press Ctrl-C immediately.
    raise_on_signals()
    # gRPC's core prints handshake failures to stderr by itself unless this is set before its first import.
    # They reach the user as our errors, with the object and the next step.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    if not sys.warnoptions:
        # Library warnings are for developers; users get our own errors and notes.
        warnings.simplefilter("ignore")
    interruptions: list[Terminated] = []
    try:
        code = _run(interruptions)
    except Terminated as stopped:
        # A second one, while the first was being answered.
        interruptions.append(stopped)
        code = stopped.exit_code
    leave(code)


def _run(interruptions: list[Terminated]) -> int:
    try:
        from kubectl_cbt.cli.app import run
        from kubectl_cbt.cli.charset import limit_streams

        limit_streams()
        return run(sys.argv[1:])
    except Terminated as stopped:
        # Kept until the process has ended: it holds the frames it went through, and to free a gRPC channel that is in
        # the middle of a call waits for that call.
        interruptions.append(stopped)
        report_interruption()
        return stopped.exit_code


if __name__ == "__main__":
    main()
