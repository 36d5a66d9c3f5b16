# Link groups: sources are found by folder, so that adding a unit edits no CMake file.

# Sets `out` to the .cc files below a folder, relative to the project; tests and their helpers
# (testing/) left out. The folder need not exist yet.
function(hone_sources out dir)
  file(GLOB_RECURSE found RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/${dir}/*.cc")
  list(FILTER found EXCLUDE REGEX "_test\\.cc$|/testing/")
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# hone_group(name [DEVICE] DIR folder [EXCLUDE file...] LINKS target...)
# An archive of a folder's sources. DEVICE: the device's flags, and those of ISA files.
function(hone_group name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "DEVICE" "DIR" "EXCLUDE;LINKS")
  hone_sources(sources ${arg_DIR})
  list(REMOVE_ITEM sources ${arg_EXCLUDE})
  if(arg_DEVICE)
    hone_apply_isa(sources)
  endif()
  if(NOT sources)
    set(sources "${PROJECT_BINARY_DIR}/generated/${name}_empty.cc")
    file(CONFIGURE OUTPUT "${sources}" CONTENT "// ${arg_DIR} has no sources of its own.\n")
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC hone_flags ${arg_LINKS})
  if(arg_DEVICE)
    target_link_libraries(${name} PRIVATE hone_device_flags)
  endif()
endfunction()

# hone_program(name MAIN file LINKS target...): an executable, once its main file exists.
function(hone_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MAIN" "LINKS")
  file(GLOB main CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${arg_MAIN}")
  if(main)
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${arg_LINKS})
    target_link_options(${name} PRIVATE -Wl,--as-needed)
  endif()
endfunction()
