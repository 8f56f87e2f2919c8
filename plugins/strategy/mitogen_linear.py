"""Mitogen's strategy, which Ansible's own settings can't find in a virtual environment, with less done anew for each task.

Ansible's own one starts a Python for each task, and compiles the module and all it needs anew. Mitogen keeps one Python per
host and account: a run that changes nothing computes less than half as much.

For each task Ansible also forks itself, so that those of several hosts run at once; what a task has loaded or compiled goes
with its fork. Where a play has one host, its tasks run in this process instead, each with copies of what it writes into.
That, and keeping what Jinja compiles, takes parts of ansible-core that are its own: its version is locked, and nearly each
scenario runs through them. docs/performance.md says what each step gives.
"""

import copy
import functools
import gc
import time

from ansible._internal._task import TaskContext
from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext
from ansible.collections.list import list_collection_dirs
from ansible.executor.task_executor import TaskExecutor
from ansible.executor.task_result import _RawTaskResult
from ansible.plugins.loader import (
    action_loader,
    become_loader,
    filter_loader,
    get_plugin_loader_namespace,
    lookup_loader,
    shell_loader,
    test_loader,
)
from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule as MitogenStrategy


class StrategyModule(MitogenStrategy):
    def run(self, iterator, play_context, result=0):
        compile_templates_once()
        load_plugins()
        for loader in (filter_loader, test_loader):  # each play's roles may bring some
            list(loader.all())
        load_vars_files_once(self._loader)
        # Else each worker that looks for garbage touches, and so copies, all that it shares with this process.
        gc.freeze()
        return super().run(iterator, play_context, result)

    def _queue_task(self, host, task, task_vars, play_context):
        if self._hosts_cache != [host.name]:
            super()._queue_task(host, task, task_vars, play_context)
            return
        self._queued_task_cache[host.name, task._uuid] = {
            "host": host,
            "task": task,
            "task_vars": task_vars,
            "play_context": play_context,
        }
        self._tqm.send_callback("v2_runner_on_start", host, task)
        self._final_q.send_task_result(self.run_task(host, copy_of(task), task_vars.copy(), play_context.copy()))
        self._pending_results += 1
        # A thread brings it from the queue at once, but Ansible looks for it each internal_poll_interval only.
        while not self._results and not self._tqm._terminated:
            time.sleep(0.0002)

    def run_task(self, host, task, task_vars, play_context):
        """Do what one of Ansible's workers does, in this process."""
        with TaskContext(task):
            executor = TaskExecutor(
                host,
                task,
                task_vars,
                play_context,
                self._loader,
                get_plugin_loader_namespace(),
                self._final_q,
                self._variable_manager,
            )
            returned = executor.run()
            # Through the queue goes its name only.
            named = copy.copy(host)
            named.vars, named.groups = {}, []
            return _RawTaskResult(host=named, task=task, return_data=returned, task_fields=task.dump_attrs())


def copy_of(task):
    """Return a task that may be changed: executing one writes into it what its templates give."""
    own = task.copy(exclude_parent=True, exclude_tasks=True)
    own._parent = task._parent
    if own.loop_control:
        own.loop_control = own.loop_control.copy()
    return own


@functools.cache
def compile_templates_once():
    """Keep the code of each template: `site.yml` asks for that of 500 of them 5000 times."""
    compile_anew = AnsibleEnvironment.compile
    kept = {}

    def compile_once(self, source, *args, **options):
        if not isinstance(source, str) or args or options:
            return compile_anew(self, source, *args, **options)
        context = _TemplateCompileContext.current(optional=True)
        key = str(source), self.lexer, context and context.escape_backslashes
        if key not in kept:
            kept[key] = compile_anew(self, source)
        return kept[key]

    AnsibleEnvironment.compile = compile_once


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
