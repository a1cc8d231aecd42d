"""`docket` as a process of its own, without the start of an interpreter for each call.

A server that has imported the command line forks a child for each call. The child is a process
with its own environment, directory, descriptors and end, as `python -m docket` is. The private
hosts of tests/system have such a server for each user.
"""

from tests.warm.client import Warm, called

__all__ = ["Warm", "called"]
