"""One model for each class and option of the layers without memory."""

from __future__ import annotations

from functools import partial

from tensorflow import keras

from tests.real.native.keras.catalogue import CUBE, IMAGE, ROW, STEPS, L, first, one


def add_plain() -> None:
    for name in (
        "relu",
        "elu",
        "selu",
        "sigmoid",
        "hard_sigmoid",
        "tanh",
        "softmax",
        "softplus",
        "softsign",
        "gelu",
        "swish",
    ):
        one(f"act_{name}", ROW, partial(L.Dense, 4, activation=name))
        one(f"layer_act_{name}", ROW, partial(L.Activation, name))
    one("dense_3d", STEPS, lambda: L.Dense(4, activation="relu", use_bias=False))
    one("flatten_flat", ROW, L.Flatten, lambda: L.Dense(2))
    one("flatten", IMAGE, L.Flatten)
    one("reshape_open", STEPS, lambda: L.Reshape((5, -1)))
    one("permute", IMAGE, lambda: L.Permute((3, 1, 2)))
    one("repeat", ROW, lambda: L.RepeatVector(3))
    one("leaky", ROW, lambda: L.LeakyReLU(0.2))
    one("elu_layer", ROW, L.ELU)
    one("elu_alpha", ROW, lambda: L.ELU(0.5))
    one("prelu", IMAGE, L.PReLU)
    one("prelu_shared", IMAGE, lambda: L.PReLU(shared_axes=[1, 2]))
    one("relu_max", ROW, lambda: L.ReLU(max_value=0.5))
    one("relu_slope", ROW, lambda: L.ReLU(negative_slope=0.1))
    one("relu_threshold", ROW, lambda: L.ReLU(threshold=0.3))
    one("relu_all", ROW, lambda: L.ReLU(max_value=0.8, negative_slope=0.1, threshold=0.2))
    one("relu_max_slope", ROW, lambda: L.ReLU(max_value=0.8, negative_slope=0.1))
    one("softmax_last", STEPS, L.Softmax)
    one("softmax_axis1", STEPS, lambda: L.Softmax(axis=1))
    one("softmax_axes", IMAGE, lambda: L.Softmax(axis=[1, 2]))
    one("rescaling", IMAGE, lambda: L.Rescaling(0.5, offset=-1.0))
    one("rescaling_channels", IMAGE, lambda: L.Rescaling([0.5, 1.0, 2.0, 3.0], offset=[0.0, 1.0, 2.0, 3.0]))
    one("regularized", ROW, lambda: L.Dense(3, kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1(0.1)))
    one("activity", ROW, lambda: L.Dense(3, activity_regularizer="l2"))
    one("constrained", ROW, lambda: L.Dense(3, kernel_constraint=keras.constraints.MinMaxNorm(0.1, 1.0)))
    one("initialized", ROW, lambda: L.Dense(3, kernel_initializer="lecun_normal", bias_initializer="random_uniform"))
    one("orthogonal", ROW, lambda: L.Dense(3, kernel_initializer=keras.initializers.Orthogonal(0.5)))
    for name in ("Dropout", "GaussianDropout", "AlphaDropout", "GaussianNoise"):
        one(name.lower(), ROW, partial(getattr(L, name), 0.3), lambda: L.Dense(2))
    one("spatial1", STEPS, lambda: L.SpatialDropout1D(0.3), lambda: L.Dense(2))
    one("spatial2", IMAGE, lambda: L.SpatialDropout2D(0.3))
    one("spatial3", CUBE, lambda: L.SpatialDropout3D(0.3))
    one("activity_layer", ROW, lambda: L.ActivityRegularization(0.1), lambda: L.Dense(2))


def add_convolutions() -> None:
    one("conv1", STEPS, lambda: L.Conv1D(3, 3, strides=2, padding="same", activation="relu"))
    one("conv1_dilated", STEPS, lambda: L.Conv1D(3, 2, dilation_rate=2))
    one("conv1_causal", STEPS, lambda: L.Conv1D(3, 3, padding="causal", activation="tanh"))
    one("conv1_causal_stride", STEPS, lambda: L.Conv1D(3, 3, strides=2, padding="causal"))
    one("conv1_causal_open", (None, 5), lambda: L.Conv1D(3, 3, padding="causal"))
    one("conv1_groups", (7, 4), lambda: L.Conv1D(6, 3, groups=2))
    one("conv2_valid", IMAGE, lambda: L.Conv2D(3, (3, 2), strides=(2, 1), use_bias=False))
    one("conv2_dilated", IMAGE, lambda: L.Conv2D(3, 3, dilation_rate=2, padding="same"))
    one("conv2_groups", IMAGE, lambda: L.Conv2D(4, 3, groups=4, activation="elu"))
    one("conv3", CUBE, lambda: L.Conv3D(3, 2, strides=2, padding="same", activation="relu"))
    one("conv3_dilated", CUBE, lambda: L.Conv3D(3, 2, dilation_rate=2))
    one("conv1t", STEPS, lambda: L.Conv1DTranspose(3, 3, strides=2, padding="same"))
    one("conv1t_valid", STEPS, lambda: L.Conv1DTranspose(3, 2, strides=3, activation="relu"))
    one("conv2t", IMAGE, lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same"))
    one("conv2t_valid", IMAGE, lambda: L.Conv2DTranspose(3, (3, 2), strides=(2, 3), use_bias=False))
    one("conv2t_short", IMAGE, lambda: L.Conv2DTranspose(3, 1, strides=2))
    one("conv2t_output_padding", IMAGE, lambda: L.Conv2DTranspose(3, 3, strides=2, output_padding=1))
    one("conv3t", CUBE, lambda: L.Conv3DTranspose(3, 2, strides=2, padding="same"))
    one("conv3t_valid", CUBE, lambda: L.Conv3DTranspose(3, 3, strides=2))
    one("depthwise", IMAGE, lambda: L.DepthwiseConv2D(3, depth_multiplier=2, activation="relu"))
    one("depthwise_stride", IMAGE, lambda: L.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False))
    one("depthwise_dilated", IMAGE, lambda: L.DepthwiseConv2D(3, dilation_rate=2, padding="same"))
    one("depthwise_dilated_valid", IMAGE, lambda: L.DepthwiseConv2D(2, dilation_rate=3))
    one("depthwise1", STEPS, lambda: L.DepthwiseConv1D(3, strides=2, padding="same", depth_multiplier=2))
    one("depthwise1_dilated", STEPS, lambda: L.DepthwiseConv1D(2, dilation_rate=2))
    one("separable2", IMAGE, lambda: L.SeparableConv2D(3, 3, depth_multiplier=2, padding="same", activation="relu"))
    one("separable2_stride", IMAGE, lambda: L.SeparableConv2D(3, 3, strides=2, use_bias=False))
    one("separable2_dilated", IMAGE, lambda: L.SeparableConv2D(3, 2, dilation_rate=2))
    one("separable1", STEPS, lambda: L.SeparableConv1D(3, 3, strides=2, padding="same", activation="relu"))
    one("separable1_causal", STEPS, lambda: L.SeparableConv1D(3, 3, padding="causal"))
    one("separable1_dilated", STEPS, lambda: L.SeparableConv1D(3, 2, dilation_rate=2))


def add_pooling() -> None:
    for kind in ("Max", "Average"):
        for rank, shape in ((1, STEPS), (2, IMAGE), (3, CUBE)):
            pool = getattr(L, f"{kind}Pooling{rank}D")
            whole = getattr(L, f"Global{kind}Pooling{rank}D")
            one(f"{kind}{rank}".lower(), shape, partial(pool, 2))
            one(f"{kind}{rank}_same".lower(), shape, partial(pool, 3, strides=2, padding="same"))
            one(f"{kind}{rank}_step1".lower(), shape, partial(pool, 2, strides=1))
            one(f"global_{kind}{rank}".lower(), shape, whole)
            one(f"global_{kind}{rank}_keep".lower(), shape, partial(whole, keepdims=True))
        one(
            f"{kind}1_first".lower(),
            STEPS,
            partial(getattr(L, f"{kind}Pooling1D"), 2, data_format="channels_first"),
        )
        for rank, shape in ((1, STEPS), (2, IMAGE), (3, CUBE)):
            whole = getattr(L, f"Global{kind}Pooling{rank}D")
            one(f"global_{kind}{rank}_first".lower(), shape, partial(whole, data_format="channels_first"))
            one(
                f"global_{kind}{rank}_first_keep".lower(),
                shape,
                partial(whole, data_format="channels_first", keepdims=True),
            )


def add_normalization() -> None:
    one("bn", IMAGE, L.BatchNormalization)
    one("bn_2d", ROW, lambda: L.BatchNormalization(scale=False))
    one("bn_3d", STEPS, lambda: L.BatchNormalization(center=False, epsilon=0.1))
    one("bn_cube", CUBE, L.BatchNormalization)
    one("bn_axis1", IMAGE, lambda: L.BatchNormalization(axis=1))
    one("bn_axis2", IMAGE, lambda: L.BatchNormalization(axis=-2))
    one("bn_cube_axis1", CUBE, lambda: L.BatchNormalization(axis=1))
    one("ln", STEPS, L.LayerNormalization)
    one("ln_2d", ROW, L.LayerNormalization)
    one("ln_image", IMAGE, lambda: L.LayerNormalization(scale=False, epsilon=0.1))
    one("ln_axis1", STEPS, lambda: L.LayerNormalization(axis=1))
    one("ln_axes", IMAGE, lambda: L.LayerNormalization(axis=[1, 3]))
    one("ln_cube", CUBE, L.LayerNormalization)
    one("gn", IMAGE, lambda: L.GroupNormalization(2))
    one("gn_all", STEPS, lambda: L.GroupNormalization(-1, center=False))
    one("gn_flat", ROW, lambda: L.GroupNormalization(3, scale=False))
    one("gn_cube", CUBE, lambda: L.GroupNormalization(2))
    one("norm", ROW, lambda: L.Normalization(mean=[1.0, 2, 3, 4, 5, 6], variance=[1.0, 2, 3, 4, 5, 6]))
    one("norm_scalar", ROW, lambda: L.Normalization(axis=None, mean=2.0, variance=3.0))
    one("norm_cube", CUBE, lambda: L.Normalization(mean=[1.0, 2], variance=[1.0, 2]))


def add_sizes() -> None:
    one("pad1", STEPS, lambda: L.ZeroPadding1D((1, 2)))
    one("pad2", IMAGE, lambda: L.ZeroPadding2D(((1, 2), (0, 3))))
    one("pad2_pair", IMAGE, lambda: L.ZeroPadding2D((1, 2)))
    one("pad3", CUBE, lambda: L.ZeroPadding3D(((1, 2), (0, 3), (2, 0))))
    one("crop1", STEPS, lambda: L.Cropping1D((1, 2)))
    one("crop2", IMAGE, lambda: L.Cropping2D(((1, 2), (0, 3))))
    one("crop3", CUBE, lambda: L.Cropping3D(((1, 2), (0, 3), (2, 0))))
    one("up1", STEPS, lambda: L.UpSampling1D(3))
    one("up2", IMAGE, lambda: L.UpSampling2D((2, 3)))
    one("up2_bilinear", IMAGE, lambda: L.UpSampling2D((2, 3), interpolation="bilinear"))
    one("up2_bicubic", IMAGE, lambda: L.UpSampling2D(2, interpolation="bicubic"))
    one("up3", CUBE, lambda: L.UpSampling3D((2, 1, 3)))
    one("resize", IMAGE, lambda: L.Resizing(5, 11))
    one("resize_nearest", IMAGE, lambda: L.Resizing(5, 11, interpolation="nearest"))
    one("resize_crop", IMAGE, lambda: L.Resizing(5, 11, crop_to_aspect_ratio=True))
    one("center_crop", IMAGE, lambda: L.CenterCrop(5, 6))
    one("center_crop_odd", (7, 9, 3), lambda: L.CenterCrop(4, 4))
    one("center_crop_large", IMAGE, lambda: L.CenterCrop(10, 6))
    one("random", IMAGE, L.RandomFlip, lambda: L.RandomZoom(0.2), lambda: L.Dense(2))
    one("random_crop", IMAGE, lambda: L.RandomCrop(4, 4))


def add_channels_first() -> None:
    image, cube = (4, 8, 8), (2, 6, 6, 6)
    first("conv", image, lambda f: L.Conv2D(3, 3, strides=2, padding="same", activation="relu", data_format=f))
    first("conv_dilated", image, lambda f: L.Conv2D(3, 2, dilation_rate=2, activation="tanh", data_format=f))
    first("conv3", cube, lambda f: L.Conv3D(3, 2, data_format=f))
    first("transpose", image, lambda f: L.Conv2DTranspose(3, 2, strides=2, activation="relu", data_format=f))
    first("transpose3", cube, lambda f: L.Conv3DTranspose(3, 2, strides=2, data_format=f))
    first("depthwise", image, lambda f: L.DepthwiseConv2D(2, depth_multiplier=2, data_format=f))
    first("depthwise_dilated", image, lambda f: L.DepthwiseConv2D(2, dilation_rate=2, data_format=f))
    first("separable", image, lambda f: L.SeparableConv2D(3, 2, data_format=f))
    first("max", image, lambda f: L.MaxPooling2D(2, data_format=f))
    first("average", image, lambda f: L.AveragePooling2D(3, strides=2, padding="same", data_format=f))
    first("max3", cube, lambda f: L.MaxPooling3D(2, data_format=f))
    first("average3", cube, lambda f: L.AveragePooling3D(2, data_format=f))
    first("pad", image, lambda f: L.ZeroPadding2D(((1, 2), (3, 0)), data_format=f))
    first("crop", image, lambda f: L.Cropping2D(((1, 2), (3, 0)), data_format=f))
    first("up", image, lambda f: L.UpSampling2D((2, 3), data_format=f))
    first("up_bilinear", image, lambda f: L.UpSampling2D(2, interpolation="bilinear", data_format=f))
    first("flatten", image, lambda f: L.Flatten(data_format=f))
