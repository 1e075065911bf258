"""What people call models and metrics in print; in data they keep their short names."""

MODELS = {
    # Lanfredi et al. 2023
    "unannotated": "Unannotated",
    "ellipse": "Ellipse",
    "et": "ET",
    "et_degraded": "ET, degraded mentions",
    "cross_entropy": "Cross-entropy",
    "egd": "ET and EGD",
    # Qiu, Rivaz, Xiao 2025
    "cooperative": "Cooperative",
    "dual_encoder": "Dual encoder",
    "mt_unet": "MT-UNet",
    "dnet201_cl": "DNet201-CL",
    "dnet201": "DNet201",
    "inception_resnet": "IRNetv2",
    "gazegnn": "GazeGNN",
    "unet_s": "UNet_S",
    "res_se_unet": "Res_SE-UNet",
    "joint_sum": "Joint, sum",
    "joint_uncertainty": "Joint, uncertainty",
    "centre_prior": "Centre prior",
    "mean_map": "Mean map",
}

METRICS = {"auroc": "AUROC", "iou": "IoU", "pointing": "Pointing game"}
"""Of the multiple-instance network; the other network's tables name theirs."""


def model_name(name: str) -> str:
    """Give what people call a model; a variant of one that has a name begins with that."""
    if name in MODELS:
        return MODELS[name]
    first, _, rest = name.partition("_")
    return f"{MODELS.get(first, first.capitalize())} {rest.replace('_', ' ')}".rstrip()
