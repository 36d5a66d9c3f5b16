"""Architectures by name: each a function that returns (module, inputs, names of the inputs or None)."""
import torch
from torch import nn

import own_nets

TABLE = {}


def images(size, channels=3):
    return (torch.randn(1, channels, size, size),)


class Picked(nn.Module):
    """A module whose result is a structure, as one whose results are tensors."""

    def __init__(self, inner, pick, names=None):
        super().__init__()
        self.inner, self.pick, self.names = inner, pick, names

    def forward(self, *args):
        if self.names:
            return self.pick(self.inner(**dict(zip(self.names, args))))
        return self.pick(self.inner(*args))


# --- torchvision ---------------------------------------------------------------------------------

CLASSIFIERS = """alexnet convnext_tiny densenet121 efficientnet_v2_s googlenet mnasnet1_0 regnet_x_400mf regnet_y_400mf
resnext50_32x4d shufflenet_v2_x1_0 swin_t swin_v2_t vgg11_bn vit_b_16 wide_resnet50_2""".split()
SEGMENTERS = "deeplabv3_mobilenet_v3_large fcn_resnet50 lraspp_mobilenet_v3_large".split()
DETECTORS = {
    "fasterrcnn_mobilenet_v3_large_320_fpn": 320, "fcos_resnet50_fpn": 320, "retinanet_resnet50_fpn": 320,
    "ssd300_vgg16": 300, "ssdlite320_mobilenet_v3_large": 320,
}


def classifier(name, size=224, **options):
    def make():
        import torchvision
        return getattr(torchvision.models, name)(weights=None, **options), images(size), None
    TABLE["tv_" + name] = make


def segmenter(name):
    def make():
        import torchvision
        net = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None)
        return Picked(net, lambda out: out["out"]), images(256), None
    TABLE["tv_" + name] = make


def detector(name, size):
    def make():
        import torchvision
        net = getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None)

        class OneImage(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, x):
                found = self.net([x[0]])[0]
                return found["boxes"], found["scores"], found["labels"]
        return OneImage(), images(size), None
    TABLE["tv_" + name] = make


for one in CLASSIFIERS:
    classifier(one)
classifier("inception_v3", 299, init_weights=False)
classifier("maxvit_t")
for one in SEGMENTERS:
    segmenter(one)
for one, side in DETECTORS.items():
    detector(one, side)

# --- timm ----------------------------------------------------------------------------------------

TIMM = """bat_resnext26ts beit_base_patch16_224 botnet26t_256 caformer_s18 cait_xxs24_224 coat_lite_tiny
coatnet_nano_rw_224 convit_tiny convmixer_768_32 convnextv2_atto crossvit_9_240 cspdarknet53 cspresnet50 darknet53
davit_tiny deit3_small_patch16_224 dla34 dpn68 eca_botnext26ts_256 eca_nfnet_l0 edgenext_xx_small efficientformer_l1
efficientformerv2_s0 efficientnet_es efficientnet_lite0 efficientvit_b0 efficientvit_m0 ese_vovnet19b_dw
eva02_tiny_patch14_224 fastvit_t8 fbnetv3_b focalnet_tiny_srf gcresnet33ts ghostnet_100 ghostnetv2_100 gmlp_s16_224
halonet26t hardcorenas_a hgnetv2_b0 hiera_tiny_224 hrnet_w18_small inception_next_tiny inception_resnet_v2 inception_v4
lambda_resnet26t lcnet_050 levit_128s mambaout_femto maxvit_nano_rw_256 mixer_s32_224 mixnet_s mobilenetv4_conv_small
mobileone_s0 mobilevit_xxs mobilevitv2_050 mvitv2_tiny nest_tiny nextvit_small nfnet_l0 pit_ti_224 poolformer_s12
poolformerv2_s12 pvt_v2_b0 rdnet_tiny regnetz_b16 repvgg_a0 repvit_m0_9 res2net50_26w_4s resmlp_12_224 resnest14d
resnetv2_50 rexnet_100 selecsls42b semnasnet_075 sequencer2d_s seresnet33ts shvit_s1 skresnet18 starnet_s1
swin_tiny_patch4_window7_224 swinv2_tiny_window8_256 test_vit tf_efficientnet_b0 tf_mobilenetv3_small_minimal_100
tiny_vit_5m_224 tnt_s_patch16_224 twins_pcpvt_small twins_svt_small visformer_tiny vit_small_patch32_224
vit_tiny_patch16_224 vitamin_small_224 volo_d1_224 vovnet39a xception41 xcit_nano_12_p16_224""".split()


def timm_net(name):
    def make():
        import timm
        net = timm.create_model(name, pretrained=False)
        return net, images(net.default_cfg["input_size"][-1]), None
    TABLE["timm_" + name] = make


for one in TIMM:
    timm_net(one)

# --- transformers --------------------------------------------------------------------------------

SMALL = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256}
TEXT = SMALL | {"vocab_size": 1000}
ATTENTION = "sdpa"  # export.py's 'eager' writes it out


def tokens(length=64, types=False):
    ids = {"input_ids": torch.randint(1, 1000, (1, length)), "attention_mask": torch.ones(1, length, dtype=torch.long)}
    if types:
        ids["token_type_ids"] = torch.zeros(1, length, dtype=torch.long)
    return ids


def transformer(key, model, config, inputs, options, pick=lambda out: out[0]):
    def make():
        import transformers
        made = getattr(transformers, config)(**options)
        kind = getattr(transformers, model)
        try:
            net = kind._from_config(made, attn_implementation=ATTENTION)
        except ValueError:  # this one has no such implementation
            net = kind(made)
        net.config.return_dict = True
        if hasattr(net.config, "use_cache"):
            net.config.use_cache = False
        values = inputs()
        return Picked(net, pick, list(values)), tuple(values.values()), list(values)
    TABLE["hf_" + key] = make


def picture(size, width=None):
    return lambda: {"pixel_values": torch.randn(1, 3, size, width or size)}


def sound():
    return {"input_values": torch.randn(1, 8000)}


SOUND = SMALL | {"conv_dim": (64,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}
WHISPER = {"d_model": 128, "encoder_layers": 2, "encoder_attention_heads": 4, "encoder_ffn_dim": 256, "decoder_layers": 1,
           "decoder_attention_heads": 4, "decoder_ffn_dim": 128, "vocab_size": 1000, "pad_token_id": 0,
           "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}


def whisper_encoder():
    import transformers
    net = transformers.WhisperModel(transformers.WhisperConfig(**WHISPER)).encoder
    return Picked(net, lambda out: out.last_hidden_state), (torch.randn(1, 80, 3000),), ["input_features"]


TABLE["hf_whisper_encoder"] = whisper_encoder
transformer("bert", "BertModel", "BertConfig", lambda: tokens(types=True), TEXT)
transformer("distilbert", "DistilBertForSequenceClassification", "DistilBertConfig", tokens,
            {"dim": 128, "n_layers": 2, "n_heads": 4, "hidden_dim": 256, "vocab_size": 1000})
transformer("albert", "AlbertModel", "AlbertConfig", tokens, TEXT | {"embedding_size": 64})
transformer("electra", "ElectraModel", "ElectraConfig", tokens, TEXT | {"embedding_size": 64})
transformer("roberta", "RobertaModel", "RobertaConfig", tokens, TEXT)
transformer("mobilebert", "MobileBertModel", "MobileBertConfig", tokens,
            TEXT | {"intermediate_size": 128, "embedding_size": 64, "intra_bottleneck_size": 64, "true_hidden_size": 64})
transformer("squeezebert", "SqueezeBertModel", "SqueezeBertConfig", tokens, TEXT | {"embedding_size": 128})
transformer("deberta_v2", "DebertaV2Model", "DebertaV2Config", tokens,
            TEXT | {"relative_attention": True, "position_buckets": 32, "pos_att_type": ["p2c", "c2p"],
                    "norm_rel_ebd": "layer_norm", "share_att_key": True})
transformer("mpnet", "MPNetModel", "MPNetConfig", tokens, TEXT)
transformer("gpt2", "GPT2LMHeadModel", "GPT2Config", lambda: tokens(32),
            {"n_embd": 128, "n_layer": 2, "n_head": 4, "vocab_size": 1000})
transformer("llama", "LlamaForCausalLM", "LlamaConfig", lambda: tokens(32), TEXT | {"num_key_value_heads": 2})
transformer("qwen2", "Qwen2ForCausalLM", "Qwen2Config", lambda: tokens(32), TEXT | {"num_key_value_heads": 2})
transformer("modernbert", "ModernBertModel", "ModernBertConfig", tokens, TEXT | {"pad_token_id": 0})
transformer("t5_encoder", "T5EncoderModel", "T5Config", tokens,
            {"d_model": 128, "d_kv": 32, "d_ff": 256, "num_layers": 2, "num_heads": 4, "vocab_size": 1000})
transformer("wav2vec2", "Wav2Vec2ForCTC", "Wav2Vec2Config", sound, SOUND | {"mask_time_prob": 0.0})
transformer("hubert", "HubertModel", "HubertConfig", sound, SOUND | {"mask_time_prob": 0.0})
transformer("ast", "ASTForAudioClassification", "ASTConfig", lambda: {"input_values": torch.randn(1, 128, 128)},
            SMALL | {"max_length": 128})
transformer("segformer", "SegformerForSemanticSegmentation", "SegformerConfig", picture(128), {})
transformer("yolos", "YolosForObjectDetection", "YolosConfig", picture(128, 160),
            SMALL | {"image_size": [128, 160], "num_detection_tokens": 20}, lambda out: (out.logits, out.pred_boxes))
transformer("clip_text", "CLIPTextModel", "CLIPTextConfig", lambda: tokens(32), TEXT)
transformer("clip_vision", "CLIPVisionModel", "CLIPVisionConfig", picture(64),
            SMALL | {"image_size": 64, "patch_size": 16})
transformer("dpt", "DPTForDepthEstimation", "DPTConfig", picture(128),
            SMALL | {"image_size": 128, "num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3],
                     "neck_hidden_sizes": [32, 64, 64, 64], "fusion_hidden_size": 32}, lambda out: out.predicted_depth)
transformer("swin2sr", "Swin2SRForImageSuperResolution", "Swin2SRConfig", picture(64),
            {"image_size": 64, "embed_dim": 60, "depths": [2, 2], "num_heads": [6, 6]}, lambda out: out.reconstruction)
transformer("mobilevit", "MobileViTForSemanticSegmentation", "MobileViTConfig", picture(128), {"image_size": 128})
transformer("dinov2", "Dinov2Model", "Dinov2Config", picture(126), SMALL | {"image_size": 126, "patch_size": 14})
transformer("patchtst", "PatchTSTForPrediction", "PatchTSTConfig", lambda: {"past_values": torch.randn(1, 96, 3)},
            {"num_input_channels": 3, "context_length": 96, "patch_length": 8, "patch_stride": 8,
             "prediction_length": 24, "d_model": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
            lambda out: out.prediction_outputs)

# --- our own -------------------------------------------------------------------------------------

for key, made in own_nets.TABLE.items():
    TABLE["own_" + key] = made
