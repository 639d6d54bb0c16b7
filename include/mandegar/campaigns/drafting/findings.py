"""What is wrong with a draft, with its place and mend."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that a draft must not say, or has to. at: language and part, such as en.text."""

    at: str
    said: str
    mend: str

    def __str__(self) -> str:
        return f"{self.at}: {self.said}. {self.mend}"
