"""Mitogen's strategy, which Ansible's own settings can't find in a virtual environment.

Ansible's own one starts a Python for each task, and compiles the module and all it needs anew. Mitogen keeps one Python per
host and account: a run that changes nothing computes less than half as much.
"""

from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

__all__ = ["StrategyModule"]
