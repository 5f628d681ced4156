"""The documentation site: hooks of MkDocs (mkdocs.yml) which make pages that read well on GitHub read as well there."""
