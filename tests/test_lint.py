"""Every file is in the style of its kind; a failure shows what the tool says."""

import subprocess

import pytest
from conftest import ROOT, project_files

SHELL = (b"#!/bin/sh", b"#!/bin/bash", b"#!/usr/bin/env bash", b"# shellcheck shell=")


def files_for(tool):
    """The files of those tools that would search .venv and .cache, too, or find no script without an ending.

    A template is no script before it is filled in.
    """
    if tool == "yamllint":
        return [path for path in project_files() if path.suffix in (".yml", ".yaml")]
    if tool == "shellcheck":
        return [path for path in project_files() if path.suffix != ".j2" and path.read_bytes().startswith(SHELL)]
    return []


@pytest.mark.parametrize(
    "command",
    [
        ["ansible-lint", "-c", ".config/ansible-lint.yml", "--offline", "--profile", "production"],
        ["yamllint", "-c", ".config/yamllint.yml"],
        ["ruff", "check"],
        ["ruff", "format", "--check", "--diff"],
        ["shellcheck", "--external-sources"],
    ],
    ids=lambda command: "-".join(command[:2]) if command[0] == "ruff" else command[0],
)
def test_style(command):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    run = subprocess.run([*command, *files_for(command[0])], cwd=ROOT, check=False, **pipes)
    if run.returncode != 0:
        pytest.fail(f"{' '.join(command)}\n{run.stdout}", pytrace=False)
