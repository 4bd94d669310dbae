"""Install, upgrade and remove kubectl-cbt as users do, each in a HOME of its own; `make install-check` runs it.

    python scripts/install_check.py            with pipx from a folder of wheels and from a checkout, and as krew does

Two releases that are newer than any published one are built from the current commit. pipx is the one on PATH; if there
is none, it is installed into a temporary environment. The wheelhouse is filled from the index, and used without one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from check_krew import install

ROOT = Path(__file__).resolve().parent.parent
NAME = "kubectl-cbt"
RELEASES = OLD, NEW = "900.0.0", "900.0.1"
KEPT = ("PIP_", "SSL_", "REQUESTS_", "LANG")
# An index that does not exist, for a machine without a network.
OFFLINE = {
    "PIP_INDEX_URL": "https://index.invalid/simple",
    "PIP_RETRIES": "0",
    "UV_INDEX_URL": "https://index.invalid/",
}


class User:
    """A new user: an empty HOME, and a PATH without this environment."""

    def __init__(self, home: Path, *programs: Path) -> None:
        home.mkdir()
        self.home = home
        outside = [part for part in os.environ["PATH"].split(os.pathsep) if not part.startswith(sys.prefix)]
        self.environment = {name: value for name, value in os.environ.items() if name.startswith(KEPT)} | {
            "HOME": str(home),
            "PATH": os.pathsep.join([str(home / ".local" / "bin"), *map(str, programs), *outside]),
        }

    def run(self, *command: str, cwd: Path | None = None, expected: int = 0, **more: str) -> str:
        """Run a command, and return what it prints; ends the script if its exit status is another one."""
        done = subprocess.run(
            command, cwd=cwd or self.home, env=self.environment | more, capture_output=True, text=True, check=False
        )
        if done.returncode != expected:
            sys.exit(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def check(self, command: str, version: str, **more: str) -> None:
        """Check that the command is this version, and that it can do its work."""
        self.expect(f"Client Version: v{version}\n", self.run(command, "version", **more))
        self.expect("Extents", self.run(command, "delta", "snap-a", "snap-b", "--demo", "-o", "summary", **more))

    @staticmethod
    def expect(text: str, printed: str) -> None:
        """End the script if a text was not printed."""
        if text not in printed:
            sys.exit(f"{text!r} is not in:\n{printed}")


def build(folder: Path) -> Path:
    """Build the wheel, the krew archive and its manifest of each release into a folder, and return a checkout."""
    checkout = folder / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    for release in RELEASES:
        subprocess.run(["git", "tag", f"v{release}"], cwd=checkout, check=True)
        (folder / release).mkdir()
        for command in (["-m", "hatchling", "build", "-t", "wheel", "-d", f"../{release}"], ["scripts/build_krew.py"]):
            subprocess.run([sys.executable, *command], cwd=checkout, env=environment, check=True, capture_output=True)
        for built in (checkout / "dist").iterdir():
            shutil.move(built, folder / release / built.name)
        subprocess.run(["git", "tag", "--delete", f"v{release}"], cwd=checkout, check=True, stdout=subprocess.DEVNULL)
    return checkout


def find_pipx(folder: Path) -> str:
    """Return pipx, which is installed into a folder if there is none."""
    found = shutil.which("pipx")
    if found is None:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pipx"]
        subprocess.run(pip, check=True)
        found = str(folder / "bin" / "pipx")
    return found


def check_pipx(folder: Path, checkout: Path) -> None:
    """Install, upgrade and remove: releases from a folder, as from an index, and a checkout."""
    user, pipx = User(folder / "pipx-user"), find_pipx(folder / "pipx")
    print("pipx", user.run(pipx, "--version").strip(), flush=True)
    wheels = folder / "wheels"
    for release in RELEASES:
        wheels.mkdir(exist_ok=True)
        (wheel,) = (folder / release).glob("*.whl")
        shutil.copy(wheel, wheels)
        if release == OLD:
            # Without a version, as users install it.
            user.run(pipx, "install", f"--pip-args=--find-links={wheels}", NAME)
        else:
            # The upgrade needs the folder, too.
            user.run(pipx, "upgrade", f"--pip-args=--find-links={wheels}", NAME)
        user.check(NAME, release)
        print(f"  {'installed' if release == OLD else 'upgraded to'} {release}", flush=True)
    _remove(user, pipx)
    user.run(pipx, "install", ".", cwd=checkout)
    user.run(pipx, "install", "--force", ".", cwd=checkout)
    user.run(NAME, "version")
    _remove(user, pipx)
    print("  installed from a checkout, and again", flush=True)


def _remove(user: User, pipx: str) -> None:
    commands = user.home / ".local" / "bin"
    if {path.name for path in commands.iterdir()} != {NAME, "kubectl_complete-cbt"}:
        sys.exit(f"pipx installed other commands: {list(commands.iterdir())}")
    user.run(pipx, "uninstall", NAME)
    if list(commands.iterdir()):
        sys.exit(f"pipx left commands: {list(commands.iterdir())}")


def check_launcher(folder: Path, checkout: Path) -> None:
    """Start what krew installs: from the index, from a wheelhouse, and without either; then an upgrade."""
    for name, more in (("online", {}), ("offline", OFFLINE)):
        user = User(folder / name, folder / name / ".krew" / "bin")
        print(f"launcher, {name}", flush=True)
        for release in RELEASES:
            _unpack(folder / release, user)
            if name == "offline":
                refused = user.run(NAME, "version", expected=1, **more)
                user.expect("set KUBECTL_CBT_WHEELS to a folder with the packages", refused)
                wheels = folder / "wheelhouse"
                if not wheels.exists():
                    user.run("make", "wheelhouse", f"WHEELHOUSE={wheels}", cwd=checkout)
                more = more | {"KUBECTL_CBT_WHEELS": str(wheels)}
            user.check(NAME, release, **more)
            more = {key: value for key, value in more.items() if key != "KUBECTL_CBT_WHEELS"}
            # Later uses need neither an index nor the folder.
            user.check(NAME, release, **OFFLINE)
            cache = [path.name for path in (user.home / ".cache" / NAME).iterdir()]
            if len(cache) != 1 or not cache[0].startswith(f"{release}-"):
                sys.exit(f"after {release} there are {cache}")
            print(f"  {'installed' if release == OLD else 'upgraded to'} {release}", flush=True)


def _unpack(built: Path, user: User) -> None:
    manifest = yaml.safe_load((built / "cbt.yaml").read_text(encoding="utf-8"))
    (archive,) = built.glob("*.zip")
    shutil.rmtree(user.home / ".krew", ignore_errors=True)
    install(archive.read_bytes(), manifest, user.home / ".krew")


def main() -> None:
    """Check everything; ends the script at the first failure."""
    with tempfile.TemporaryDirectory(prefix="install-check-") as name:
        folder = Path(name)
        checkout = build(folder)
        check_pipx(folder, checkout)
        check_launcher(folder, checkout)
    print("kubectl-cbt was installed and upgraded with pipx and as by krew, with and without an index")


if __name__ == "__main__":
    main()
