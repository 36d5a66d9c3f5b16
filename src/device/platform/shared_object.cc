#include "device/platform/shared_object.h"

#include <cstring>

#include <dlfcn.h>
#include <unistd.h>

namespace hone::platform {

device::Result<void*> load_symbol(const char* path, const char* symbol) {
  // dlopen would look for a bare name among the system's libraries.
  char here[4096] = "./";
  if (std::strchr(path, '/') == nullptr) {
    if (std::strlen(path) + 3 > sizeof(here)) {
      return device::error(Code::not_found, "the path is too long");
    }
    std::strcat(here, path);
    path = here;
  }
  if (access(path, F_OK) != 0) {
    return device::error(Code::not_found, FixedText("cannot read '") << path << "': no such file");
  }
  void* object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) {
    const char* why = dlerror();
    return device::error(Code::invalid_argument, FixedText("cannot load '")
                                                     << path << "': " << (why ? why : "unknown"));
  }
  void* address = dlsym(object, symbol);
  if (address != nullptr) return address;
  dlclose(object);
  return device::error(Code::invalid_argument, FixedText("'") << path << "' is no plugin of Hone: "
                                                              << "it does not export " << symbol);
}

}  // namespace hone::platform
