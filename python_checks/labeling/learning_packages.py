"""Says at once where scikit-learn or SciPy is missing, and imports neither.

Both take two seconds to import, and many builds have no new labels. So modules here import them inside the functions
that fit something. Importing this module first keeps the error at the beginning of a model, where dbt shows what to
install.

Raises: ModuleNotFoundError.
"""

from importlib.util import find_spec

for package in ("sklearn", "scipy"):
    if find_spec(package) is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
