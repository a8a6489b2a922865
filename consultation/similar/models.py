"""The index of similar texts: which term stands in which text, with which weight. The same on both databases."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id


class SimilarDocument(Base):
    """One text that can be found. Deleted and made anew when its words change."""

    __tablename__ = "similar_document"
    __table_args__ = (UniqueConstraint("kind", "subject"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    title: Mapped[str]
    open: Mapped[bool]
    """Whether somebody can still join in: such ones are offered first to somebody who wants to start another."""


class SimilarPosting(Base):
    """A term of a text. term: `fold.number_of`.  weight: thousandths, as `index` gives them."""

    __tablename__ = "similar_posting"
    __table_args__ = (
        Index(None, "document"),
        {"sqlite_with_rowid": False},  # the rows of a term lie together
    )

    term: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[int] = mapped_column(
        ForeignKey(SimilarDocument.id), primary_key=True, autoincrement=False
    )
    weight: Mapped[int]


class SimilarVector(Base):
    """What a text means, for one model: there only where the site has named one. vector: as `embedding` packs it."""

    __tablename__ = "similar_vector"

    document: Mapped[int] = mapped_column(
        ForeignKey(SimilarDocument.id), primary_key=True, autoincrement=False
    )
    model: Mapped[str] = mapped_column(primary_key=True)
    """Name and version of the model: vectors of two models say nothing about each other."""
    vector: Mapped[bytes]


class SimilarTerm(Base):
    """In how many texts a term stands. Term 0 stands in all: whoever changes the index locks its row."""

    __tablename__ = "similar_term"

    term: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    documents: Mapped[int]
