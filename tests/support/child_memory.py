"""How much memory the children of one piece of work take, measured where no other child and no big parent counts."""

import subprocess
import sys

_PROGRAM = """
import resource, sys
{imports}
from engine.errors import BadFile
content = sys.stdin.buffer.read()
try:
    {work}
except BadFile:
    pass
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def children_peak_bytes(imports: str, work: str, content: bytes) -> int:
    """
    Return the peak memory of the children that *work* on `content` starts, in bytes.

    A child counts its parent's memory until it becomes another program, so the parent must be a small one.
    """
    program = _PROGRAM.format(imports=imports, work=work)
    done = subprocess.run([sys.executable, "-c", program], input=content, capture_output=True, check=True)
    return int(done.stdout)
