"""ONNX Runtime on the CPU; inputs and outputs are bound: a run copies and allocates nothing."""
import onnxruntime as ort


class Backend:
    name, package = "onnxruntime", "onnxruntime"

    def __init__(self, model, threads, shapes, work):
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        self.session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    @staticmethod
    def ports(values):
        return [(v.name, v.type, [d if isinstance(d, int) else -1 for d in v.shape])
                for v in values]

    def inputs(self):
        return self.ports(self.session.get_inputs())

    def outputs(self):
        return self.ports(self.session.get_outputs())

    def bind(self, inputs):
        results = self.session.run(None, inputs)
        self.names = [o.name for o in self.session.get_outputs()]
        self.binding = self.session.io_binding()
        self.kept = [ort.OrtValue.ortvalue_from_numpy(v) for v in [*inputs.values(), *results]]
        for name, value in zip(inputs, self.kept):
            self.binding.bind_ortvalue_input(name, value)
        for name, value in zip(self.names, self.kept[len(inputs):]):
            self.binding.bind_ortvalue_output(name, value)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def results(self):
        return list(zip(self.names, (v.numpy() for v in self.kept[-len(self.names):])))
