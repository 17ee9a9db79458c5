"""An interpreter to which some packages are not installed, whatever really is."""

import json
import os

HOOK = """
import json, os, sys

class Without:
    '''A finder of modules that does not see some of them.'''

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in json.loads(os.environ["LACKING"]):
            return None
        return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""


def lacking(folder, packages):
    """Environment of a process that cannot import some packages.

    Parameters
    ----------
    folder : Path
        A folder for the hook, which Python runs as it starts.
    packages : iterable of str
        Their names as they are imported.
    """
    (folder / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "LACKING": json.dumps(sorted(packages))}
