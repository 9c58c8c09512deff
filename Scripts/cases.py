"""The cases of Scripts/compare and Scripts/ab: steps that StepTimer and its twin in PyTorch can time."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    step: str
    width: int
    size: int
    batch: int
    threads: int | None = None

    def name(self, threads):
        name = f"{self.step} f={self.width} {self.batch}×{self.size}²"
        return name if threads != 1 else name + ", 1 thread"

    def options(self, threads):
        return (
            f"--step {self.step} --width {self.width} --size {self.size} --batch {self.batch} --threads {threads}"
        ).split()


CASES = [
    Case("encoder", 32, 192, 8),
    Case("encoder", 32, 192, 8, threads=1),
    Case("encoder", 16, 128, 32),
    Case("encoder", 16, 128, 8),
    Case("encoder", 16, 64, 8),
    Case("unet", 32, 192, 8),
    Case("unet", 16, 144, 8),
    Case("inference", 32, 192, 8),
    Case("inference", 16, 144, 8),
    Case("round", 16, 64, 8),
    Case("round", 16, 128, 32),
]
