"""OpenVINO's CPU plugin: one stream, latency hint, f32 also where the CPU has bf16; inputs shared."""
import openvino as ov


class Backend:
    name, package = "openvino", "openvino"
    note = "LATENCY, 1 stream, f32"

    def __init__(self, model, threads, shapes, work):
        self.core, self.threads = ov.Core(), threads
        try:
            self.model = self.core.read_model(model)
        except RuntimeError as e:  # pages of it: the operator that failed is what counts
            raise NotImplementedError(str(e).split("detailed log:")[-1].strip()) from e
        for i in self.model.inputs:
            if i.element_type == ov.Type.string:
                raise NotImplementedError("inputs of strings")

    @staticmethod
    def ports(values):
        for k, v in enumerate(values):
            shape = v.partial_shape
            dims = [] if shape.rank.is_dynamic else [
                -1 if d.is_dynamic else d.get_length() for d in shape]
            name = v.any_name if v.names else f"#{k}"
            yield name, v.element_type.get_type_name(), dims

    def inputs(self):
        return list(self.ports(self.model.inputs))

    def outputs(self):
        return list(self.ports(self.model.outputs))

    def bind(self, inputs):
        self.model.reshape({name: list(v.shape) for name, v in inputs.items()})
        self.request = self.core.compile_model(self.model, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": self.threads,
            "INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
        for name, value in inputs.items():
            self.request.set_tensor(name, ov.Tensor(value, shared_memory=True))

    def run(self):
        self.request.infer(share_outputs=True)

    def results(self):
        return [(o[0], self.request.get_output_tensor(k).data)
                for k, o in enumerate(self.outputs())]
