# The program that a Python worker runs: takes over the connection on descriptor 3, loads one function and serves it.
# Kept tiny because a script, unlike a module, is compiled anew at every start. Parses on any Python 3, to say so.
#
# Flags it is meant for (runtime.json, interpreterArgs): -I -S -B -X utf8
#   -I     no PYTHON* variables, no user site, no script folder on the import path: nothing from outside steers it
#   -S     no site-packages: a function sees the standard library and its own .deps, and starts 5 ms sooner
#   -B     writes no bytecode beside anybody's code
#   -X utf8  open() and the standard streams mean UTF-8 whatever the locale says
import sys

if sys.version_info < (3, 10):
    sys.exit("cannot run the worker: found Python %d.%d, accepted: 3.10 or newer" % sys.version_info[:2])

sys.path.insert(0, __file__.rpartition("/")[0] or ".")
from fastfn_worker.program import run  # noqa: E402

# The package stays importable through sys.modules; its folder must not offer names to user code.
del sys.path[0]
run()
