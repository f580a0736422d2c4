# SPDX-License-Identifier: Apache-2.0
# TrbaPython.cmake - trba._core, the extension module of the Python package (TRBA_BUILD_PYTHON; pyproject.toml sets it).
#
# The library's code is linked into the module; its symbols stay inside, so that another libtrba may be in the process.
# Written in Python's stable ABI of 3.11 (the first that has the buffer protocol): one module for this and every later
# version. The symbols of Python itself come from the program that loads the module.
if(NOT TRBA_BUILD_STATIC)
    message(FATAL_ERROR "TRBA_BUILD_PYTHON links the static library: add -DTRBA_BUILD_STATIC=ON, or run pip install")
endif()
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)

file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/python/src/*.c")
add_library(trba_python MODULE ${sources})
set_target_properties(trba_python PROPERTIES OUTPUT_NAME _core PREFIX "" SUFFIX ".abi3.so")
target_compile_definitions(trba_python PRIVATE Py_LIMITED_API=0x030b0000)
target_compile_options(trba_python PRIVATE $<TARGET_PROPERTY:trba_flags,INTERFACE_COMPILE_OPTIONS>)
target_include_directories(trba_python SYSTEM PRIVATE ${Python_INCLUDE_DIRS})
target_link_libraries(trba_python PRIVATE trba_static)
target_link_options(trba_python PRIVATE "LINKER:-z,relro,-z,now,-z,noexecstack" "LINKER:--as-needed"
                    "LINKER:--exclude-libs,libtrba.a")
install(TARGETS trba_python LIBRARY DESTINATION trba COMPONENT python)
# What trba.Model() opens when it is not told.
install(FILES models/trba.pth models/trba.yaml DESTINATION trba/models COMPONENT python)
