# SPDX-License-Identifier: Apache-2.0
# TrbaPrograms.cmake - the programs, which see only trba.h, and the benchmarks, which may see everything.

# trba_add_program(TARGET OUTPUT_NAME [LEFT_OUT]): tools/OUTPUT_NAME/*.c, but for LEFT_OUT, with tools/common/*.c.
function(trba_add_program target output_name)
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/${output_name}/*.c"
                                        "${PROJECT_SOURCE_DIR}/tools/common/*.c")
    list(FILTER sources INCLUDE REGEX "\\.c$")
    list(REMOVE_ITEM sources "${PROJECT_SOURCE_DIR}/tools/${output_name}/${ARGV2}")
    if(NOT sources MATCHES "/tools/${output_name}/")
        message(STATUS "no sources in tools/${output_name}: the program is left out")
        return()
    endif()
    add_executable(${target} ${sources})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${output_name}
                                               INSTALL_RPATH "$ORIGIN/${TRBA_BINDIR_TO_LIBDIR}")
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tools")
    # Where the models are, and where `make models` puts what it fetches. Installed programs look where theirs are
    # instead, seen from themselves: ../share/trba/models.
    if(TRBA_FIND_SOURCE_MODELS)
        target_compile_definitions(${target} PRIVATE TRBA_SOURCE_MODELS_DIR="${PROJECT_SOURCE_DIR}/models")
    endif()
    target_compile_definitions(${target} PRIVATE TRBA_BINDIR_TO_MODELS="${TRBA_BINDIR_TO_MODELS}")
    target_link_libraries(${target} PRIVATE trba trba_flags PkgConfig::JANSSON Threads::Threads m)
    install(TARGETS ${target} RUNTIME COMPONENT programs)
endfunction()

# The fuzz targets of the tests compile parts of the programs.
if(TRBA_BUILD_TOOLS OR TRBA_BUILD_TESTS)
    pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
endif()
if(TRBA_BUILD_TOOLS)
    set(TRBA_MODELS_DIR "${CMAKE_INSTALL_DATADIR}/trba/models")
    file(RELATIVE_PATH TRBA_BINDIR_TO_LIBDIR "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
    file(RELATIVE_PATH TRBA_BINDIR_TO_MODELS "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_DATADIR}/trba/models")
    trba_add_program(strdemo strdemo)
    # The target trba is the library.
    if(LMDB_FOUND)
        trba_add_program(trba_cli trba lmdb_samples_absent.c)
        target_link_libraries(trba_cli PRIVATE PkgConfig::LMDB)
    else()
        message(STATUS "no liblmdb: \"trba eval\" will not read LMDB folders")
        trba_add_program(trba_cli trba lmdb_samples.c)
    endif()
endif()

if(TRBA_BUILD_BENCH)
    file(GLOB benchmarks CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/*.c")
    foreach(source IN LISTS benchmarks)
        get_filename_component(name "${source}" NAME_WE)
        add_executable(${name} "${source}")
        target_link_libraries(${name} PRIVATE trba_internal)
    endforeach()
endif()
