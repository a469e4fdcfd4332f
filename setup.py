"""What a wheel carries beside the modules: pages and flows, which stand at the top of a checkout."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

INSIDE = {"templates": "api", "workflows": "engine"}


class WithPagesAndFlows(build_py):
    """Copies the templates and the shipped flows into the packages that read them."""

    def run(self) -> None:
        """Build; an installation that points at the checkout finds them there."""
        super().run()
        if not self.editable_mode:
            for folder, package in INSIDE.items():
                self.copy_tree(folder, str(Path(self.build_lib, package, folder)))


setup(cmdclass={"build_py": WithPagesAndFlows})
