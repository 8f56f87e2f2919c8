"""Mitogen's strategy, which Ansible's own settings can't find in a virtual environment.

Ansible's own one starts a Python for each task, and compiles the module and all it needs anew. Mitogen keeps one Python per
host and account: a run that changes nothing computes less than half as much.

Each task's worker is a fork of this process, so what is read and loaded here is read and loaded once: docs/performance.md.
"""

import functools
import gc

from ansible.collections.list import list_collection_dirs
from ansible.plugins.loader import (
    action_loader,
    become_loader,
    filter_loader,
    lookup_loader,
    shell_loader,
    test_loader,
)
from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule as MitogenStrategy


class StrategyModule(MitogenStrategy):
    def run(self, iterator, play_context, result=0):
        load_plugins()
        for loader in (filter_loader, test_loader):  # each play's roles may bring some
            list(loader.all())
        load_vars_files_once(self._loader)
        # Else each worker that looks for garbage touches, and so copies, all that it shares with this process.
        gc.freeze()
        return super().run(iterator, play_context, result)


@functools.cache
def load_plugins():
    """Import the classes of which a task takes a few, and what says which collections there are."""
    for loader in (action_loader, become_loader, lookup_loader, shell_loader):
        list(loader.all(class_only=True))
    list(list_collection_dirs())  # Mitogen looks through them for each module that is a collection's


def load_vars_files_once(loader):
    """Keep what is in `vars_files`; Ansible reads and parses them for each task, unless they are encrypted."""
    load = type(loader).load_from_file

    def load_from_file(file_name, cache="all", **options):
        return load(loader, file_name, cache="all" if cache == "vaulted" else cache, **options)

    loader.load_from_file = load_from_file


__all__ = ["StrategyModule"]
