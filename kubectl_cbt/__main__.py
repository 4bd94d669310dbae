"""Entry point of the console script ``kubectl-cbt`` and of ``python -m kubectl_cbt``."""

import sys


def main() -> None:
    """Run the command line and leave with its exit status."""
    # gRPC's core prints handshake failures to stderr by itself unless this is set before its first import.
    # They reach the user as our errors, with the object and the next step; -v does not lose them either.
    import os
    import warnings

    if not sys.warnoptions:
        # Warnings of libraries are for us; what a user has to know is an error or a note of ours.
        warnings.simplefilter("ignore")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")

    from kubectl_cbt.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
