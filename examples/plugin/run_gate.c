/* Runs an engine that needs a plugin, on inputs 0, 1/8, 2/8, ...; prints the outputs.
 *
 *   run_gate ENGINE [PLUGIN.so ...]
 *   run_gate_linked ENGINE         the plugin's table linked in: nothing is opened
 */
#include <hone/plugin.h>
#include <stdio.h>

#define MAX_PLUGINS 8

#ifdef LINKED_IN
const hone_plugin* hone_plugin_table(void);
#endif

static int fail(const char* what, const char* text) {
  fprintf(stderr, "%s: %s\n", what, text);
  return 2;
}

/* The tables of the files; -1 where one cannot be opened. */
static int open_plugins(char** files, int count, const hone_plugin** out, char* text, size_t bytes) {
#ifdef LINKED_IN
  (void)files, (void)count, (void)text, (void)bytes;
  out[0] = hone_plugin_table();
  return 1;
#else
  for (int i = 0; i < count; ++i) {
    if (hone_plugin_open(files[i], &out[i], text, bytes)) return -1;
  }
  return count;
#endif
}

/* Input x at the sizes the engine was timed at. */
static int run(const hone_engine* engine, hone_context* context) {
  hone_tensor_info x_info = {.struct_size = sizeof x_info};
  if (hone_engine_input(engine, 0, &x_info)) return fail("engine", "it has no input");
  if (hone_context_set_shape(context, 0, x_info.opt, x_info.rank)) {
    return fail("shape", hone_context_error(context));
  }
  hone_buffer in = {.struct_size = sizeof in}, out = {.struct_size = sizeof out};
  if (hone_context_bind(context) || hone_context_input_buffer(context, 0, &in)) {
    return fail("bind", hone_context_error(context));
  }
  float* x = in.data;
  for (size_t i = 0; i < in.bytes / sizeof *x; ++i) x[i] = (float)i / 8;
  if (hone_run(context)) return fail("run", hone_context_error(context));
  if (hone_context_output_buffer(context, 0, &out)) return fail("output", "none");
  const float* y = out.data;
  for (size_t i = 0; i < out.bytes / sizeof *y; ++i) printf("%.9g\n", y[i]);
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 2 + MAX_PLUGINS) return fail("usage", "run_gate ENGINE [PLUGIN.so ...]");
  char text[256] = "";
  const hone_plugin* plugins[MAX_PLUGINS];
  const int count = open_plugins(argv + 2, argc - 2, plugins, text, sizeof text);
  if (count < 0) return fail("plugin", text);

  hone_load_options load = {.struct_size = sizeof load};
  load.allocator = hone_default_allocator();
  load.error_text = text;
  load.error_text_bytes = sizeof text;
  load.plugins = plugins;
  load.plugin_count = count;
  hone_engine* engine = NULL;
  if (hone_load_file(argv[1], &load, &engine)) return fail(argv[1], text);
  hone_context* context = NULL;
  const int created = hone_context_create(engine, NULL, &context) == HONE_OK;
  const int failed = created ? run(engine, context) : fail("context", "cannot be created");
  hone_context_free(context);
  hone_engine_free(engine);
  return failed;
}
