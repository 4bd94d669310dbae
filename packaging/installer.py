"""Runs pip or uv without the user's settings that decide what is installed, and where; checks the result.

    python -I installer.py pip install ...     as this Python's pip does
    python -I installer.py uv pip install ...
    python -I installer.py check               is kubectl-cbt, with all that it needs, in this Python's environment?

The krew launcher and scripts/set_up.py run it. Settings that decide how packages are fetched are kept, for users with a
mirror or a proxy: index, certificates, cache. The others are too many to name, and grow with each release of pip:
target, prefix, user, constraint, no-deps, platform and so on, from environment variables and from pip.conf.
"""

import ast
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys

KEPT_PIP = frozenset({
    "index-url", "pypi-url", "extra-index-url", "no-index", "find-links", "trusted-host", "proxy", "cert",
    "client-cert", "keyring-provider", "use-feature", "use-deprecated", "cache-dir", "no-cache-dir", "timeout",
    "default-timeout", "retries", "resume-retries",
})  # fmt: skip
# UV_INDEX_ also begins the names of credentials: UV_INDEX_NAME_PASSWORD.
KEPT_UV = (
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_NO_INDEX", "UV_FIND_LINKS", "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER", "UV_CREDENTIALS_DIR", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_OFFLINE", "UV_CACHE_DIR",
    "UV_NO_CACHE", "UV_LINK_MODE", "UV_HTTP_", "UV_REQUEST_TIMEOUT", "UV_CONCURRENT_", "UV_CONFIG_FILE",
    "UV_NO_CONFIG", "UV_PYTHON_DOWNLOADS",
)  # fmt: skip


def pip_environment() -> dict[str, str]:
    """Return the environment in which pip reads no file of settings, and has those of KEPT_PIP as variables.

    Ends the script if pip cannot read its settings.
    """
    # These also take the place of what a file sets.
    listing = {name: value for name, value in os.environ.items() if name != "PIP_PYTHON"}
    listing |= {"PIP_QUIET": "0", "PIP_VERBOSE": "0", "PIP_LOG": os.devnull}
    command = [sys.executable, "-I", "-m", "pip", "config", "list"]
    found = subprocess.run(command, env=listing, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        sys.exit(found.stderr or "pip config list failed")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment["PIP_CONFIG_FILE"] = os.devnull
    # The later ones take precedence.
    for section in ("global", "install", ":env:"):
        for key, value in re.findall(rf"^{section}\.([\w-]+)=(.*)$", found.stdout, re.MULTILINE):
            if key in KEPT_PIP:
                environment["PIP_" + key.replace("-", "_").upper()] = ast.literal_eval(value)
    return environment


def uv_environment() -> dict[str, str]:
    """Return the environment without variables of uv that are not in KEPT_UV. Its file of settings is read."""
    return {name: value for name, value in os.environ.items() if not name.startswith("UV_") or name.startswith(KEPT_UV)}


def missing() -> list[str]:
    """Return which packages this Python's environment lacks: kubectl-cbt and those that it requires."""
    if importlib.util.find_spec("kubectl_cbt") is None:
        return ["kubectl-cbt"]
    installed = {re.sub(r"[-_.]+", "-", each.name).lower() for each in importlib.metadata.distributions()}
    needed = importlib.metadata.requires("kubectl-cbt") or []
    # One with a marker is for an extra, or for some platforms only.
    names = [re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in needed if ";" not in each]
    return [name for name in names if re.sub(r"[-_.]+", "-", name).lower() not in installed]


def main(tool: str, *arguments: str) -> None:
    """Become pip or uv, or end with the status of the check."""
    if tool == "check":
        lacking = missing()
        sys.exit(f"not in {sys.prefix}: {', '.join(lacking)}" if lacking else 0)
    if tool == "uv":
        os.execvpe("uv", ["uv", *arguments], uv_environment())
    os.execve(sys.executable, [sys.executable, "-I", "-m", "pip", *arguments], pip_environment())


if __name__ == "__main__":
    main(*sys.argv[1:])
