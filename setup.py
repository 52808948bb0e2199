"""What pyproject.toml cannot say: the weights travel in the wheel, from where git has them."""

from setuptools import setup
from setuptools.command.build_py import build_py


class WithWeights(build_py):
    """models/zero_shot is rnnlab/weights in the wheel; an editable install reads it there."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for name in ("weights.safetensors", "card.json"):
                folder = f"{self.build_lib}/rnnlab/weights"
                self.mkpath(folder)
                self.copy_file(f"models/zero_shot/{name}", f"{folder}/{name}")


setup(cmdclass={"build_py": WithWeights})
