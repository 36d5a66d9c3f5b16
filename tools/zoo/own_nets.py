"""Small nets of kinds that no package has: each a function that returns (module, inputs, names of the inputs or None)."""
import torch
import torch.nn.functional as F
from torch import nn


class TemporalConvolutions(nn.Module):
    """Causal dilated convolutions, padded on both sides and cut, as in most TCN code."""

    def __init__(self):
        super().__init__()
        self.blocks, width = nn.ModuleList(), 16
        for i in range(5):
            step = 2 ** i
            self.blocks.append(nn.ModuleList([
                nn.utils.parametrizations.weight_norm(nn.Conv1d(width, 32, 3, padding=2 * step, dilation=step)),
                nn.Conv1d(32, 32, 3, padding=2 * step, dilation=step),
                nn.Conv1d(width, 32, 1)]))
            width = 32
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        for i, (first, second, skip) in enumerate(self.blocks):
            cut = 2 * 2 ** i
            y = F.relu(first(x)[:, :, :-cut])
            y = F.relu(second(y)[:, :, :-cut])
            x = F.relu(y + skip(x))
        return self.out(x[:, :, -1])


class TextRecogniser(nn.Module):
    """CRNN: convolutions, columns as a sequence, two-way LSTM."""

    def __init__(self):
        super().__init__()
        layers, width = [], 1
        for i, out in enumerate([32, 64, 128, 128]):
            layers += [nn.Conv2d(width, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(),
                       nn.MaxPool2d((2, 2) if i < 2 else (2, 1))]
            width = out
        self.features = nn.Sequential(*layers)
        self.rnn = nn.LSTM(256, 64, 2, bidirectional=True)
        self.out = nn.Linear(128, 37)

    def forward(self, x):
        x = self.features(x)
        n, c, h, w = x.shape
        x, _ = self.rnn(x.reshape(n, c * h, w).permute(2, 0, 1))
        return F.log_softmax(self.out(x), -1)


class UNet(nn.Module):
    """Upsampling by transposed convolutions, or bilinear with instance norms and reflected borders."""

    def __init__(self, bilinear):
        super().__init__()
        self.bilinear = bilinear
        self.down, self.up, self.narrow = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        widths, width = [16, 32, 64, 128], 3
        for out in widths:
            self.down.append(self.block(width, out))
            width = out
        for out in widths[-2::-1]:
            self.narrow.append(nn.Conv2d(width, out, 1) if bilinear else nn.ConvTranspose2d(width, out, 2, 2))
            self.up.append(self.block(2 * out, out))
            width = out
        self.out = nn.Conv2d(width, 2, 1)

    def block(self, width, out):
        norm = nn.InstanceNorm2d(out, affine=True) if self.bilinear else nn.BatchNorm2d(out)
        return nn.Sequential(nn.Conv2d(width, out, 3, padding=1), norm, nn.LeakyReLU(0.1),
                             nn.Conv2d(out, out, 3, padding=1, padding_mode="reflect" if self.bilinear else "zeros"),
                             nn.ReLU())

    def forward(self, x):
        kept = []
        for i, down in enumerate(self.down):
            x = down(x)
            if i < 3:
                kept.append(x)
                x = F.max_pool2d(x, 2)
        for narrow, up in zip(self.narrow, self.up):
            y, x = kept.pop(), narrow(x)
            if self.bilinear:
                x = F.interpolate(x, size=y.shape[2:], mode="bilinear", align_corners=True)
            x = up(torch.cat([y, x], 1))
        return torch.sigmoid(self.out(x))


class SuperResolution(nn.Module):
    """ESPCN: the pixels of the large picture are channels of the small one."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(1, 64, 5, padding=2), nn.Conv2d(64, 32, 3, padding=1), nn.Conv2d(32, 9, 3, padding=1)
        self.shuffle = nn.PixelShuffle(3)

    def forward(self, x):
        return torch.clamp(self.shuffle(self.c(torch.tanh(self.b(torch.tanh(self.a(x)))))), 0, 1)


class Separation(nn.Module):
    """Conv-TasNet in small: learned filter bank, masks, transposed convolution back to sound."""

    def __init__(self):
        super().__init__()
        self.encode, self.norm, self.narrow = nn.Conv1d(1, 64, 16, 8), nn.GroupNorm(1, 64), nn.Conv1d(64, 32, 1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv1d(32, 64, 1), nn.PReLU(), nn.GroupNorm(1, 64),
                          nn.Conv1d(64, 64, 3, padding=2 ** i, dilation=2 ** i, groups=64), nn.PReLU(),
                          nn.GroupNorm(1, 64), nn.Conv1d(64, 32, 1)) for i in range(4))
        self.masks, self.decode = nn.Conv1d(32, 128, 1), nn.ConvTranspose1d(64, 1, 16, 8)

    def forward(self, x):
        sound = F.relu(self.encode(x))
        y = self.narrow(self.norm(sound))
        for layer in self.layers:
            y = y + layer(y)
        masks = torch.sigmoid(self.masks(y)).view(1, 2, 64, -1)
        return self.decode((masks * sound[:, None]).view(2, 64, -1)).view(1, 2, -1)


class Points(nn.Module):
    """PointNet: a learned 3 x 3 transformation, one small net for all points, the largest of each channel."""

    def __init__(self):
        super().__init__()
        self.turn = nn.Sequential(nn.Conv1d(3, 64, 1), nn.BatchNorm1d(64), nn.ReLU(), nn.Conv1d(64, 128, 1), nn.ReLU())
        self.matrix, self.a, self.b = nn.Linear(128, 9), nn.Conv1d(3, 64, 1), nn.Conv1d(64, 256, 1)
        self.out = nn.Sequential(nn.Linear(256, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 10))

    def forward(self, x):
        turn = self.matrix(self.turn(x).max(2)[0]).view(-1, 3, 3) + torch.eye(3).view(1, 3, 3)
        x = torch.bmm(x.transpose(2, 1), turn).transpose(2, 1)
        return F.log_softmax(self.out(torch.max(self.b(F.relu(self.a(x))), 2)[0]), 1)


class Centres(nn.Module):
    """CenterNet: peaks of a heat map by max pooling, the best of them, boxes gathered there."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU6(), nn.Conv2d(32, 64, 3, 2, 1), nn.Hardswish())
        self.heat, self.size = nn.Conv2d(64, 5, 1), nn.Conv2d(64, 2, 1)

    def forward(self, x):
        features = self.body(x)
        heat = torch.sigmoid(self.heat(features))
        heat = heat * (heat == F.max_pool2d(heat, 3, 1, 1)).float()
        n, _, h, w = heat.shape
        scores, index = torch.topk(heat.view(n, -1), 20)
        classes, place = index // (h * w), index % (h * w)
        y, x = (place // w).float(), (place % w).float()
        size = self.size(features).permute(0, 2, 3, 1).reshape(n, -1, 2).gather(1, place.unsqueeze(-1).expand(-1, -1, 2))
        half_w, half_h = size[..., 0] / 2, size[..., 1] / 2
        return scores, classes, torch.stack([x - half_w, y - half_h, x + half_w, y + half_h], -1)


class LinearAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(64, 192), nn.Linear(64, 64)

    def forward(self, x):
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, 4, 16).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = F.elu(q) + 1, F.elu(k) + 1
        summed = torch.einsum("bhnd,bhne->bhde", k, v)
        scale = 1 / (torch.einsum("bhnd,bhd->bhn", q, k.sum(2)) + 1e-6)
        y = torch.einsum("bhnd,bhde,bhn->bhne", q, summed, scale)
        return self.out(y.transpose(1, 2).reshape(n, length, 64))


class Encoder(nn.Module):
    """torch's own TransformerEncoder."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True, activation="gelu", norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.place, self.out = nn.Parameter(torch.randn(1, 32, 64)), nn.Linear(64, 5)

    def forward(self, x):
        return self.out(self.encoder(x + self.place).mean(1))


class RecurrentAttention(nn.Module):
    """Embedding, two-way LSTM, GRU, attention over time."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(1000, 32)
        self.lstm = nn.LSTM(32, 48, 2, batch_first=True, bidirectional=True)
        self.gru, self.weigh, self.out = nn.GRU(96, 40, batch_first=True), nn.Linear(40, 1), nn.Linear(40, 3)

    def forward(self, x):
        y, (state, _) = self.lstm(self.embed(x))
        y, _ = self.gru(y)
        weights = torch.softmax(self.weigh(y).squeeze(-1), 1)
        return self.out(torch.bmm(weights.unsqueeze(1), y).squeeze(1)), state


class Recurrent(nn.Module):
    """State in, state out."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(20, 32, 2, batch_first=True, bidirectional=True)
        self.lstm, self.out = nn.LSTM(64, 24, batch_first=True), nn.Linear(24, 4)

    def forward(self, x, h, c):
        y, _ = self.rnn(x)
        y, (h, c) = self.lstm(y, (h, c))
        return self.out(y), h, c


class Keywords(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 64, (10, 4), 2, (5, 1))
        self.blocks = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(64, 64, 3, 1, 1, groups=64), nn.BatchNorm2d(64), nn.ReLU(),
                          nn.Conv2d(64, 64, 1), nn.BatchNorm2d(64), nn.ReLU()) for _ in range(4)])
        self.out = nn.Linear(64, 12)

    def forward(self, x):
        x = self.blocks(F.relu(self.first(x)))
        return F.softmax(self.out(F.adaptive_avg_pool2d(x, 1).flatten(1)), -1)


class WaveNet(nn.Module):
    """Gated dilated convolutions without padding, each skip cut to the same end."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv1d(1, 32, 1), nn.Conv1d(48, 256, 1)
        self.gates = nn.ModuleList(nn.Conv1d(32, 64, 2, dilation=2 ** i) for i in range(6))
        self.skips = nn.ModuleList(nn.Conv1d(32, 48, 1) for _ in range(6))
        self.rest = nn.ModuleList(nn.Conv1d(32, 32, 1) for _ in range(6))

    def forward(self, x):
        x, total = self.first(x), 0
        for gate, skip, rest in zip(self.gates, self.skips, self.rest):
            a, b = gate(x).chunk(2, 1)
            y = torch.tanh(a) * torch.sigmoid(b)
            total = total + skip(y)[:, :, -100:]
            x = x[:, :, -y.size(2):] + rest(y)
        return self.last(F.relu(total))


class SpatialTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.look = nn.Sequential(nn.Conv2d(1, 8, 7), nn.MaxPool2d(2, 2), nn.ReLU(), nn.Conv2d(8, 10, 5),
                                  nn.MaxPool2d(2, 2), nn.ReLU())
        self.warp, self.conv, self.out = nn.Linear(90, 6), nn.Conv2d(1, 10, 5), nn.Linear(10, 10)

    def forward(self, x):
        warp = self.warp(self.look(x).view(-1, 90)).view(-1, 2, 3)
        x = F.grid_sample(x, F.affine_grid(warp, x.size(), align_corners=False), align_corners=False)
        return self.out(F.adaptive_max_pool2d(self.conv(x), 1).flatten(1))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ELU(), nn.Conv2d(16, 32, 3, 2, 1), nn.Mish(), nn.Flatten())
        self.narrow, self.widen = nn.Linear(32 * 49, 8), nn.Linear(8, 32 * 49)
        self.decode = nn.Sequential(nn.ConvTranspose2d(32, 16, 3, 2, 1, 1), nn.GELU("tanh"),
                                    nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        return self.decode(self.widen(self.narrow(self.encode(x))).view(-1, 32, 7, 7))


def small(kind, *shapes, **options):
    return lambda: (kind(**options), tuple(torch.randn(*shape) for shape in shapes), None)


TABLE = {
    "tcn": small(TemporalConvolutions, (1, 16, 200)),
    "crnn": small(TextRecogniser, (1, 1, 32, 100)),
    "unet": small(UNet, (1, 3, 128, 128), bilinear=False),
    "unet_bilinear": small(UNet, (1, 3, 100, 100), bilinear=True),
    "espcn": small(SuperResolution, (1, 1, 64, 64)),
    "tasnet": small(Separation, (1, 1, 4000)),
    "pointnet": small(Points, (1, 3, 256)),
    "centernet": small(Centres, (1, 3, 128, 128)),
    "linear_attention": small(LinearAttention, (1, 50, 64)),
    "transformer": small(Encoder, (1, 32, 64)),
    "lstm_attention": lambda: (RecurrentAttention(), (torch.randint(1, 1000, (1, 40)),), ["ids"]),
    "rnn_state": small(Recurrent, (1, 30, 20), (1, 1, 24), (1, 1, 24)),
    "kws": small(Keywords, (1, 1, 49, 10)),
    "wavenet": small(WaveNet, (1, 1, 300)),
    "stn": small(SpatialTransformer, (1, 1, 28, 28)),
    "autoencoder": small(Autoencoder, (1, 1, 28, 28)),
}
