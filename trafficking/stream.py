"""Random numbers as a pure function of (stream, position): nothing is drawn in turn, so nothing depends on turns.

Words come from a 64-bit mixer in counter mode. The exponential comes from a ziggurat of 256 layers (Marsaglia & Tsang
2000, doi 10.18637/jss.v005.i08) whose tables and whose logarithm use only + - * / and exact scaling, so that every
machine, and plain Python, gives the same bits.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)  # Stafford's 13th variant of the 64-bit finaliser, as in SplitMix64
_MIX_2 = np.uint64(0x94D049BB133111EB)  # (Steele, Lea & Flood 2014, doi 10.1145/2660193.2660195)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_LAYER = np.uint64(0xFF)
_NONE, _ONE = np.uint64(0), np.uint64(1)
_TO_UNIT = 2.0**-53
_LN2 = 0.6931471805599453
_ROOT_HALF = 0.7071067811865476
_LAYERS = 256
_EDGE = 7.69711747013104972  # where the bottom layer's tail begins, and the common area of all layers, for 256 layers
_AREA = 0.0039496598225815571993
_EXP_MINUS_EDGE = 0.00045413435384149675  # exp(-_EDGE)


def _natural_log(x: float) -> float:
    """ln(x) for x > 0, within about one unit in the last place: exact scaling, then the series of artanh."""
    mantissa, exponent = math.frexp(x)
    if mantissa < _ROOT_HALF:
        mantissa *= 2.0
        exponent -= 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = 1.0 / 23.0
    for k in range(21, 1, -2):
        series = series * z + 1.0 / k
    return exponent * _LN2 + (2.0 * s + 2.0 * s * z * series)


def _ziggurat() -> tuple[np.ndarray, np.ndarray]:
    """Right edges x and heights y = exp(-x) of the layers of equal area; x[0] is the bottom layer's virtual width."""
    x, y = [_AREA / _EXP_MINUS_EDGE, _EDGE], [0.0, _EXP_MINUS_EDGE]
    for _ in range(_LAYERS - 2):
        y.append(y[-1] + _AREA / x[-1])
        x.append(-_natural_log(y[-1]))
    return np.array([*x, 0.0]), np.array([*y, 1.0])


_X, _Y = _ziggurat()

# Numpy's error model asks no question before a division. Without numba's reference counts an event does not pay for
# eight atomic additions; no function here allocates. Together with inlining they make an event three times faster.
jitted = njit(nogil=True, error_model="numpy", _nrt=False)
inlined = njit(nogil=True, error_model="numpy", _nrt=False, forceinline=True)

natural_log = jitted(_natural_log)


@inlined
def mix(word):
    """A bijection of 64-bit words in which every bit of the input moves half of the output's."""
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    return word ^ (word >> _S31)


@inlined
def stream_key(run_key, identity):
    """The key of one receptor's stream within the stream of a run."""
    return mix(run_key ^ mix(identity + _STEP))


@inlined
def draw_word(key, draw):
    """The 64 random bits at position `draw` of a stream."""
    return mix(key ^ ((np.uint64(draw) + _ONE) * _STEP))


@inlined
def uniform_of(word):
    """A number in [0, 1) made of 53 of the bits of a word."""
    return np.int64(word >> _S11) * _TO_UNIT


@inlined
def draw_uniform(key, draw):
    """A number in [0, 1) with 53 random bits, at position `draw` of a stream."""
    return uniform_of(draw_word(key, draw))


@inlined
def draw_exponential(key, draw):
    """A unit exponential, and the position in the stream after the words it took (one in 99 of 100 cases)."""
    word = draw_word(key, draw)
    layer = layer_of(word)
    x, sure = in_layer(layer, uniform_of(word))
    if sure:
        return x, draw + 1
    return _draw_again(key, draw + 1, layer, x)


@inlined
def layer_of(word):
    """The layer of the ziggurat that a word names."""
    return word & _LAYER


@inlined
def in_layer(layer, chance):
    """The number at the share `chance` of a layer's width, and whether it is the exponential: 99 in 100 are."""
    x = chance * _X[layer]
    return x, x < _X[layer + _ONE]


@jitted
def _draw_again(key, draw, layer, x):
    """The other one in a hundred; apart, so that the common case stays small enough to be compiled in place."""
    beyond = 0.0
    while True:
        if layer == _NONE:
            # In the tail the exponential starts afresh: it has no memory.
            beyond += _EDGE
        else:
            height = _Y[layer] + draw_uniform(key, draw) * (_Y[layer + _ONE] - _Y[layer])
            draw += 1
            if x < -natural_log(height):
                return beyond + x, draw
        word = draw_word(key, draw)
        draw += 1
        layer = word & _LAYER
        x = np.int64(word >> _S11) * _TO_UNIT * _X[layer]
        if x < _X[layer + _ONE]:
            return beyond + x, draw


ENTRIES = (draw_exponential, draw_uniform, draw_word, stream_key)
