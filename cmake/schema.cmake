# hone_schema(name DIR folder): <schema>.fbs -> build/<preset>/generated/<schema>_generated.h.
# The result is an interface library with the include folder; system, because generated code need
# not meet our warnings.
function(hone_schema name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIR" "")
  file(GLOB schemas CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${arg_DIR}/*.fbs")
  set(out "${PROJECT_BINARY_DIR}/generated")
  set(headers "")
  if(schemas)
    find_program(FLATC flatc REQUIRED)
  endif()
  foreach(schema IN LISTS schemas)
    get_filename_component(stem "${schema}" NAME_WE)
    add_custom_command(
      OUTPUT "${out}/${stem}_generated.h"
      COMMAND "${FLATC}" --cpp --cpp-std c++17 --scoped-enums -o "${out}" "${schema}"
      DEPENDS "${schema}"
      COMMENT "Compiling schema ${stem}.fbs"
      VERBATIM)
    list(APPEND headers "${out}/${stem}_generated.h")
  endforeach()
  add_library(${name} INTERFACE ${headers})
  target_include_directories(${name} SYSTEM INTERFACE "${out}")
endfunction()
