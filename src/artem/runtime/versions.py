"""The versions of a network, float, int8 and binary, and which of them is run."""

from __future__ import annotations

from artem.core.errors import NetworkError
from artem.core.network_file import NetworkFile, load_network_file
from artem.runtime.engine import engines
from artem.runtime.library import binary_network
from artem.runtime.processor import why_no_byte_products


def version_for(
    network: NetworkFile, *, precision: str = "auto", engine: str = "auto"
) -> NetworkFile:
    """The file that is run where a network is asked for in a precision.

    ``auto`` takes int8 where it pays (:func:`why_not_int8`), and else the network as it is.
    ``binary`` takes the form that is int8 around its binary trunk, ``NAME.binary.int8.onnx``,
    where there is one and the CPU multiplies bytes fast.

    Raises:
        NetworkError: there is no such version, or its file is damaged.
    """
    if precision == "binary":
        return _with_bytes_around(binary_network(network))
    if precision == "int8":
        return int8_network(network)
    if precision == "auto" and why_not_int8(network, engine) is None:
        return int8_network(network)
    return network


def why_not_int8(network: NetworkFile, engine: str = "auto") -> str | None:
    """Why ``auto`` does not take int8 for this network, in words; ``None`` when it does.

    Args:
        engine: by name, or ``auto`` for the first that can run the network.
    """
    if network.binary or network.int8:
        return f"this network is {'binary' if network.binary else 'int8'} itself"
    try:
        version = int8_network(network)
    except NetworkError as error:
        return str(error).splitlines()[0].rstrip(".")
    known = engines()
    for candidate in known.values() if engine == "auto" else [known[engine]] * (engine in known):
        if candidate.why_not(version, "int8") is None:
            return candidate.why_not_int8()
    return "no engine here runs it"


def int8_network(network: NetworkFile) -> NetworkFile:
    """The int8 version of a network: ``NAME.int8.onnx`` beside ``NAME.onnx``.

    Raises:
        NetworkError: there is none, it was made from other weights, or its file is damaged.
    """
    if network.int8:
        return network
    file = network.path.with_suffix(".int8.onnx")
    if not file.exists():
        raise NetworkError(
            f"There is no int8 network '{file.name}' beside '{network.path.name}'.\n"
            f"  Make it: artem quantize '{network.path}' --photos FOLDER"
        )
    version = load_network_file(file)
    if not version.int8 or version.identity != network.identity:
        raise NetworkError(
            f"'{file.name}' was made from other weights than '{network.path.name}' holds.\n"
            f"  Make it anew: artem quantize '{network.path}' --photos FOLDER"
        )
    return version


def _with_bytes_around(network: NetworkFile) -> NetworkFile:
    """A binary network's own int8 form beside it, where it is of use, or the network itself."""
    file = network.path.with_suffix(".int8.onnx")
    if why_no_byte_products() is not None or not file.exists():
        return network
    try:
        version = load_network_file(file)
    except NetworkError:  # as for int8: what is damaged is not taken
        return network
    return version if version.identity == network.identity else network
