"""The networks that ``keras.applications`` offers in the converter environment (Keras 2.13), by name."""

from __future__ import annotations

_FAMILIES: dict[str, tuple[str, ...]] = {
    "ConvNeXt": ("Tiny", "Small", "Base", "Large", "XLarge"),
    "DenseNet": ("121", "169", "201"),
    "EfficientNet": ("B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7"),
    "EfficientNetV2": ("B0", "B1", "B2", "B3", "S", "M", "L"),
    "InceptionResNet": ("V2",),
    "Inception": ("V3",),
    "MobileNet": ("", "V2", "V3Small", "V3Large"),
    "NASNet": ("Mobile", "Large"),
    "RegNetX": ("002", "004", "006", "008", "016", "032", "040", "064", "080", "120", "160", "320"),
    "RegNetY": ("002", "004", "006", "008", "016", "032", "040", "064", "080", "120", "160", "320"),
    "ResNet": ("50", "101", "152", "50V2", "101V2", "152V2"),
    "ResNetRS": ("50", "101", "152", "200", "270", "350", "420"),
    "VGG": ("16", "19"),
    "Xception": ("",),
}
APPLICATIONS: tuple[str, ...] = tuple(
    family + variant for family, variants in _FAMILIES.items() for variant in variants
)
