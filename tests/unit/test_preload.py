"""Modules imported while something else is waited for."""

import sys
import threading

import pytest

from kubectl_cbt.system.preload import preload


@pytest.fixture
def module_folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("preloaded_module", "broken_module"):
        sys.modules.pop(name, None)


def join_preload():
    for thread in threading.enumerate():
        if thread.name == "cbt-preload":
            thread.join()


def test_modules_are_imported_in_a_thread(module_folder):
    (module_folder / "preloaded_module.py").write_text("import threading\nby = threading.current_thread().name\n")
    preload("preloaded_module")
    import preloaded_module

    assert preloaded_module.by == "cbt-preload"


def test_an_error_is_raised_by_the_import_that_needs_the_module(module_folder):
    (module_folder / "broken_module.py").write_text("raise ValueError('broken')\n")
    (module_folder / "preloaded_module.py").write_text("")
    preload("broken_module", "no_such_module", "preloaded_module")
    join_preload()
    assert "preloaded_module" in sys.modules
    with pytest.raises(ValueError, match="broken"):
        import broken_module  # noqa: F401


def test_the_process_ends_after_the_thread(module_folder):
    preload("preloaded_module")
    assert all(not thread.daemon for thread in threading.enumerate() if thread.name == "cbt-preload")
    join_preload()
