"""The fuzz targets by name. A target draws an input from a ``random.Random`` and passes it to the code under test."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from fuzz.api_targets import ApiAnswers
from fuzz.file_targets import Decoder, Documents, Recordings
from fuzz.foreign_targets import FOREIGN
from fuzz.kubeconfig_targets import Kubeconfigs
from fuzz.mutations import odd_value
from fuzz.stage import Stage

# The command line.


class Arguments:
    """Odd values for options that are numbers, addresses and times. No cluster is reached."""

    OPTIONS = (
        *("--v", "-v", "--request-timeout", "--server", "--token", "--as", "--as-uid", "--as-group", "--namespace"),
        *("--context", "--cluster", "--user", "--tls-server-name", "--certificate-authority", "--client-certificate"),
    )
    STREAM = ("--retries", "--starting-offset", "--max-results", "--token-duration", "--address", "--service-account")
    LISTING = ("--sort-by", "-l", "--field-selector", "-o")

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def case(self, random: Random) -> None:
        self._stage.last = {}
        verb = random.choice(["snapshots", "services", "allocated", "delta", "doctor", "check", "rbac"])
        options = self.OPTIONS + {"allocated": self.STREAM, "delta": self.STREAM, "snapshots": self.LISTING}.get(
            verb, ()
        )
        given = [verb, *random.choice([("a",), ("a", "b")])] if verb in ("allocated", "delta", "check") else [verb]
        if "--server" not in given:
            given += ["--server", "http://127.0.0.1:1"]
        for option in random.sample(options, random.randint(1, 3)):
            value = odd_value(random)
            text = value if isinstance(value, str) else json.dumps(value)
            if random.random() < 0.1:
                text += "\udcff"  # a byte that is not UTF-8, as Python reads a command line
            # Nothing may be looked up outside this machine.
            if option in ("--server", "--address") and not text.startswith(("[", "https://[", "http://a..", ":")):
                continue
            given += [option, text.replace("\0", "")]
        self._stage.run(*given)


TARGETS: dict[str, Callable[[Stage], Any]] = {
    "api": ApiAnswers,
    "recordings": Recordings,
    "documents": Documents,
    **FOREIGN,
    "decoder": Decoder,
    "kubeconfigs": Kubeconfigs,
    "arguments": Arguments,
}
