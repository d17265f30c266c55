"""How Sphinx builds the documentation (``make docs``) from the pages and notebooks of ``notebooks/``.

Nothing is fetched: no inventories of other projects, no scripts or fonts from elsewhere. Notebooks are shown
with the outputs that they keep. A warning ends the build.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import qwen_asr_widgets  # noqa: E402

project = "qwen_asr_widgets"
author = "The qwen_asr_widgets developers"
version = release = qwen_asr_widgets.__version__
project_copyright = author

extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "sphinx_copybutton", "from_data",
]
root_doc = "index"
COURSE = [str(path.relative_to(HERE.parent).with_suffix("")) for path in HERE.parent.glob("**/[01]?_*.ipynb")]
exclude_patterns = [
    "docs/templates", "sources", "images", "**/.ipynb_checkpoints", "**/.qaw", "**.txt", "qwen_asr_notebooks",
]
default_role = "py:obj"
suppress_warnings = ["toc.empty_glob", "myst.header"]
templates_path = [str(HERE / "templates")]

nb_execution_mode = "off"
nb_merge_streams = True
nb_number_source_lines = False
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_preserve_defaults = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_class_members_toctree = False
numpydoc_show_inherited_class_members = False
numpydoc_xref_param_type = False
python_use_unqualified_type_names = True

html_theme = "pydata_sphinx_theme"
html_title = "qwen_asr_widgets"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"index": []}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    # Notebooks need the width: their lines of code, tables and widgets are wide.
    "secondary_sidebar_items": {"**": ["page-toc"], **{page: [] for page in COURSE}},
    "footer_start": ["copyright"],
    "footer_end": [],
    "navigation_with_keys": False,
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
mathjax_path = "mathjax-is-not-used.js"
"""Asked for by pages with formulas alone, of which there is none: nothing is loaded from elsewhere."""
