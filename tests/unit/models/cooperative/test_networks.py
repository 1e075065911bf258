import dataclasses

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import DenseNet

from gazescribe.models.cooperative import networks
from gazescribe.models.cooperative.gazegnn import GazeGNN
from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.networks import (
    InceptionResNet,
    inherit,
    load_file,
    network_of,
    outputs_of,
    restored,
)
from gazescribe.models.core.checkpoint import FILE, Checkpoint, save_checkpoint
from gazescribe.pipeline.core.errors import GazeError, ParamsError, SchemaError
from gazescribe.pipeline.core.values import DIAGNOSES
from tests.unit.models.cooperative.cooperative_cases import MODELS, small_run

SIZE = (64, 64)


def network(model, **settings):
    return network_of(dataclasses.asdict(small_run(model, **settings)))


def checkpoint(model, trained):
    run = dataclasses.asdict(small_run(model))
    return Checkpoint(
        system="cooperative",
        run=run,
        run_hash="",
        labels=["normal", "chf", "pneumonia"],
        input={},
        training={},
        weights=trained.state_dict(),
    )


@pytest.mark.parametrize("model", MODELS)
def test_every_model_predicts_what_it_is_trained_for(model):
    torch.manual_seed(0)
    run = small_run(model)
    trained = network_of(dataclasses.asdict(run)).eval()
    images = torch.rand(2, 1, run.image_height, run.image_width)
    gaze = torch.rand(2, run.image_height // 4, run.image_width // 4)
    with torch.inference_mode():
        prediction = trained(images, gaze) if isinstance(trained, GazeGNN) else trained(images)
    maps = run.network in ("dual_encoder", "unet", "fusion")
    classes = run.objective in ("cross_entropy", "joint")
    assert (prediction.saliency is not None) is maps
    assert (prediction.classes is not None) is classes
    if maps:
        assert prediction.saliency.shape == images.shape
        assert prediction.saliency.std() > 0
    if classes:
        assert prediction.classes.shape == (2, 3)
        assert prediction.classes.std() > 0


def f4(encoder):
    images = torch.rand(2, 1, *SIZE, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        return encoder.eval()(images).decoder


@pytest.mark.parametrize("tap", ["block4", "transition3"])
def test_weights_go_from_stage_to_stage(tap):
    torch.manual_seed(0)
    contrastive = network("contrastive")
    classifier = network("dnet201_cl")
    assert not torch.equal(f4(contrastive.encoder), f4(classifier.encoder))
    inherit(classifier, checkpoint("contrastive", contrastive), where="stage 1a")
    assert torch.equal(f4(contrastive.encoder), f4(classifier.encoder))
    trunk = network("dual_encoder", encoder_tap=tap)
    inherit(trunk, checkpoint("dnet201_cl", classifier), where="stage 1b")
    if tap == "block4":
        assert torch.equal(f4(trunk.encoder), f4(classifier.encoder))
    fusion = network("cooperative", encoder_tap=tap)
    inherit(fusion, checkpoint("dual_encoder", trunk), where="stage 2")
    assert torch.equal(f4(fusion.trunk.encoder), f4(trunk.encoder))
    images = torch.rand(2, 1, *SIZE)
    with torch.no_grad():
        assert torch.equal(trunk.eval()(images).saliency, fusion.eval()(images).saliency)


def test_joint_training_can_start_from_stage_1():
    classifier, joint = network("dnet201"), network("joint")
    inherit(joint, checkpoint("dnet201", classifier), where="stage 1b")
    assert torch.equal(f4(joint.trunk.encoder), f4(classifier.encoder))


def test_nothing_is_missing_or_left_over():
    whole = checkpoint("contrastive", network("contrastive"))
    weights = dict(whole.weights)
    del weights["encoder.features.norm5.bias"]
    weights["encoder.features.module.norm5.bias"] = torch.zeros(3)
    wrong = dataclasses.replace(whole, weights=weights)
    with pytest.raises(SchemaError, match=r"stage 1a") as raised:
        inherit(network("dnet201_cl"), wrong, where="stage 1a")
    assert raised.value.faults == (
        "features.norm5.bias is missing",
        "features.module.norm5.bias is unknown",
    )


def test_stages_do_not_skip():
    earlier = checkpoint("unet_s", network("unet_s"))
    with pytest.raises(ParamsError, match="Fusion cannot start from a network of kind unet"):
        inherit(network("cooperative"), earlier, where="x")
    classifier = checkpoint("dnet201", network("dnet201"))
    with pytest.raises(ParamsError, match="UNet has no DenseNet"):
        inherit(network("unet_s"), classifier, where="x")


@pytest.mark.parametrize("frozen", [True, "parameters"])
def test_a_frozen_trunk_needs_stage_2(frozen):
    classifier = checkpoint("dnet201", network("dnet201"))
    with pytest.raises(ParamsError, match=r"needs a trained decoder.*Start it from a dual_encoder"):
        inherit(network("cooperative", frozen=frozen), classifier, where="x")
    trained = network("cooperative", frozen=False)
    inherit(trained, classifier, where="x")


def test_files_fill_the_encoder(tmp_path):
    torch.manual_seed(0)
    theirs = DenseNet(8, (2, 2, 2, 2), 16, num_classes=1000)
    weights = {k: v for k, v in theirs.state_dict().items() if "num_batches" not in k}
    save_file(weights, tmp_path / "imagenet.safetensors")
    classifier = network("dnet201")
    load_file(classifier, tmp_path / "imagenet.safetensors")
    weight = classifier.encoder.features.denseblock3.denselayer2.conv2.weight
    assert torch.equal(weight, theirs.features.denseblock3.denselayer2.conv2.weight)
    with pytest.raises(GazeError, match="lost"):
        load_file(classifier, tmp_path / "lost.pth")
    weights["features.conv1.weight"] = weights.pop("features.conv0.weight")
    save_file(weights, tmp_path / "other.safetensors")
    with pytest.raises(SchemaError, match=r"features\.conv0\.weight is missing"):
        load_file(classifier, tmp_path / "other.safetensors")


def test_inception_takes_all_but_its_last_layer(tmp_path):
    torch.manual_seed(0)
    ours = network("inception_resnet")
    weights = {k: torch.full_like(v, 2) for k, v in ours.network.state_dict().items()}
    weights["classif.weight"], weights["classif.bias"] = torch.ones(5, 1536), torch.ones(5)
    save_file(weights, tmp_path / "imagenet.safetensors")
    last = ours.network.classif.weight.clone()
    load_file(ours, tmp_path / "imagenet.safetensors")
    assert torch.equal(ours.network.classif.weight, last)
    assert (ours.network.conv2d_7b.conv.weight == 2).all()


def test_unknown_networks_are_named():
    run = dataclasses.asdict(small_run("unet_s")) | {"network": "vgg"}
    with pytest.raises(ParamsError, match="'vgg'"):
        network_of(run)


def saved_network(run, folder):
    checkpoint = Checkpoint(
        system="cooperative",
        run=dataclasses.asdict(run),
        run_hash="none",
        labels=list(outputs_of(run, DIAGNOSES)),
        input={"height": 64, "width": 64, "channels": 1, "normalise": ""},
        training={},
        weights=network_of(dataclasses.asdict(run)).state_dict(),
    )
    save_checkpoint(checkpoint, folder / run.name / FILE)
    return folder / run.name / FILE


@pytest.mark.parametrize("model", ["joint", "dnet201"])
def test_gradcam_of_a_restored_network_keeps_nothing_of_the_layers_before_it(tmp_path, model):
    network, run, _ = restored(saved_network(small_run(model), tmp_path))
    assert not network.training
    own = {one.data_ptr() for one in network.state_dict().values()}
    kept = []

    def pack(tensor):
        if tensor.data_ptr() not in own:
            kept.append(tensor.numel())
        return tensor

    images = torch.rand(2, 1, run.image_height, run.image_width)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        _, evidence = gradcam(network, images)
    assert evidence.shape == (2, run.image_height, run.image_width)
    assert kept, "the classifier's"
    assert max(kept) < images.numel() / 2, "maps of the coarsest level at most"


def test_inception_resnet_has_the_published_size():
    with torch.device("meta"):
        network = InceptionResNet()
        assert network(torch.zeros(2, 1, 640, 512)).classes.shape == (2, 3)
    assert sum(one.numel() for one in network.parameters()) == 54_311_075


def test_a_table_of_splits_that_is_damaged(tmp_path):
    earlier = checkpoint("dnet201", network("dnet201"))
    path = tmp_path / "split.csv"
    path.write_text("name,dicom_id\na,b\n")
    with pytest.raises(SchemaError, match=r"split\.csv: this is not a table .* Train it again"):
        networks._split_faults("split,dicom_id,subject_id\ntrain,a,1\n", earlier, path)


@pytest.mark.parametrize(
    "model", ["contrastive", "dual_encoder", "joint", "mt_unet", "res_se_unet"]
)
@pytest.mark.parametrize("half", [False, True])
def test_checkpointing_changes_no_number(model, half):
    images = torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))

    def trained(*, checkpointing):
        torch.manual_seed(1)
        network = network_of(dataclasses.asdict(small_run(model, checkpointing=checkpointing)))
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        optimiser = torch.optim.Adam(weights, lr=0.01)
        losses = []
        for step in range(2):
            torch.manual_seed(step)  # of dropout
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                outputs = [network.embed(images)] if model == "contrastive" else network(images)
            loss = sum(part.float().square().sum() for part in outputs if part is not None)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.detach())
        return losses, [weight.grad for weight in weights], network.state_dict()

    (losses, gradients, state), (losses_2, gradients_2, state_2) = (
        trained(checkpointing=switch) for switch in (False, True)
    )
    assert any(name.endswith("running_var") for name in state)
    assert all(map(torch.equal, losses, losses_2))
    assert all(map(torch.equal, gradients, gradients_2))
    assert all(torch.equal(value, state_2[name]) for name, value in state.items())
