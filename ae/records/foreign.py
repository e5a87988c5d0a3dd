"""Code of others that a record rests on."""

from ae.records.entries import Part


class ForeignCode(Part):
    """Code of a lab that a record rests on.

    Attributes:
        name: What the spec or manifest calls it, `package.module:name`.
        distribution: The installed distribution that it is of; empty where it lies in a folder.
        version: That of the distribution.
        sha256: Of the source that is reached from it, of others than `ae`; see `machine.code`.
    """

    name: str
    distribution: str
    version: str
    sha256: str

    @property
    def owner(self) -> str:
        """Whose it is, for people."""
        return f"{self.distribution} {self.version}" if self.distribution else "in a folder"

    @property
    def brief(self) -> str:
        """Whose it is and of which source, in few words."""
        return f"{self.owner}, {self.sha256[:12]}"
