"""Which profile a file on the command line is read by: the one that was asked for, or the one that fits.

Not here: what profiles are and which one fits (parsing/profiles.py).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pdfme_dagster.errors import ConfigurationError

if TYPE_CHECKING:
    from pdfme_dagster.parsing import Profile, Profiles


def load_own_profiles() -> "Profiles":
    """Return the profiles that are shipped and those in PROFILES_DIR."""
    from pdfme_dagster.parsing import load_profiles
    from pdfme_dagster.settings import StatementSettings

    settings = StatementSettings.from_environment()
    return load_profiles(settings.profiles_dir, defaults=settings.profile_defaults())


def load_choice(file: Path, profile: str | None) -> "Callable[[BinaryIO], Profile]":
    """Return what finds the profile of an open file: the one that was asked for, or the one that fits."""
    from pdfme_dagster.parsing import HEAD_BYTES, read_profile
    from pdfme_dagster.settings import StatementSettings

    if profile and profile.endswith(".toml"):
        if not Path(profile).is_file():
            raise ConfigurationError(f"profile {profile} is not there; name its file, or one of `profiles`")
        defaults = StatementSettings.from_environment().profile_defaults()
        own = read_profile(Path(profile), defaults=defaults)
        return lambda _: own
    known = load_own_profiles()
    if profile:
        named = known[profile]
        return lambda _: named

    def choose(stream: BinaryIO) -> "Profile":
        head = stream.read(HEAD_BYTES)
        stream.seek(0)
        return known.choose(file.name, head)

    return choose
