"""How large the functions' asset is, as the package that is deployed."""

from bench import asset
from bench.figure import Figure, Say, at_most

MEGABYTE = 1_000_000


def measure(say: Say) -> Figure:
    """The size of the zipped asset in megabytes, without bytecode and with it."""
    say("bundling")
    folder = asset.bundled()
    without, with_ = (asset.zipped_size(folder, bytecode=bytecode) / MEGABYTE for bytecode in (False, True))
    return Figure(
        name="asset_size",
        title="Asset",
        method="Bundled as for a deployment and zipped. A count; a megabyte is a million bytes.",
        readings=[
            at_most("zipped, without bytecode", without, 3, unit=" MB"),
            at_most("zipped, with bytecode", with_, 5.5, unit=" MB"),
        ],
        data={"without": without, "with": with_},
    )
