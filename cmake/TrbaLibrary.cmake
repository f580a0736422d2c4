# SPDX-License-Identifier: Apache-2.0
# TrbaLibrary.cmake - the library in its forms.
#
#   trba           libtrba.so: exports what trba.h declares, nothing else
#   trba_static    libtrba.a (TRBA_BUILD_STATIC): the same exports, where objcopy can make the others local
#   trba_internal  the same objects as an archive: the unit tests and benchmarks link its inner functions
#   trba_testing   libtrba_testing.so: compiled once more with every symbol visible, for ctypes in the Python tests
set(TRBA_SOURCES "")
foreach(folder IN ITEMS base image kernels layers model weights)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${folder}/*.c")
    list(APPEND TRBA_SOURCES ${sources})
endforeach()
file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*.c")
list(APPEND TRBA_SOURCES ${sources})

# The plain kernels are the fallback of every tier: optimise them fully in every optimising build.
set(plain_kernels ${TRBA_SOURCES})
list(FILTER plain_kernels INCLUDE REGEX "/src/kernels/")
set_source_files_properties(${plain_kernels} PROPERTIES COMPILE_OPTIONS "$<$<NOT:$<CONFIG:Debug>>:-O3>")

# Everything under src/kernels/TIER/ leaves the common list; tiers this build has come back with flags of their own.
foreach(tier IN ITEMS avx2 avx512 avx512vnni avx512amx)
    set(TRBA_SOURCES_${tier} ${TRBA_SOURCES})
    list(FILTER TRBA_SOURCES_${tier} INCLUDE REGEX "/src/kernels/${tier}/")
    list(FILTER TRBA_SOURCES EXCLUDE REGEX "/src/kernels/${tier}/")
endforeach()

# trba_add_objects(NAME VISIBILITY): compiles the library's sources as object libraries NAME, NAME_avx2, ...
# and leaves these targets in NAME_TARGETS, their objects in NAME_OBJECTS.
function(trba_add_objects name visibility)
    add_library(${name} OBJECT ${TRBA_SOURCES})
    set(targets ${name})
    foreach(tier IN LISTS TRBA_SIMD_TIERS)
        if(NOT TRBA_SOURCES_${tier})
            continue()
        endif()
        add_library(${name}_${tier} OBJECT ${TRBA_SOURCES_${tier}})
        target_compile_options(${name}_${tier} PRIVATE ${TRBA_FLAGS_${tier}})
        list(APPEND targets ${name}_${tier})
    endforeach()
    set(objects "")
    foreach(target IN LISTS targets)
        target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
        target_link_libraries(${target} PRIVATE trba_flags trba_dependencies)
        target_compile_definitions(${target} PRIVATE ${TRBA_TIER_DEFINITIONS})
        # Code of one instruction set must never be inlined into code that runs without it.
        set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET ${visibility}
                                                   INTERPROCEDURAL_OPTIMIZATION OFF)
        list(APPEND objects $<TARGET_OBJECTS:${target}>)
    endforeach()
    set(${name}_TARGETS ${targets} PARENT_SCOPE)
    set(${name}_OBJECTS ${objects} PARENT_SCOPE)
endfunction()

# kernels_select.c asks these which tiers are compiled in.
set(TRBA_TIER_DEFINITIONS "")
foreach(tier IN LISTS TRBA_SIMD_TIERS)
    if(TRBA_SOURCES_${tier})
        string(TOUPPER "TRBA_HAVE_${tier}" definition)
        list(APPEND TRBA_TIER_DEFINITIONS ${definition})
    endif()
endforeach()

trba_add_objects(trba_objects hidden)

add_library(trba SHARED ${trba_objects_OBJECTS})
add_library(trba::trba ALIAS trba)
target_link_libraries(trba PRIVATE trba_flags trba_dependencies)
target_include_directories(trba PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                       $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# Before 1.0 a new minor version may break programs, so it is part of the name that the loader looks for.
set_target_properties(trba PROPERTIES VERSION ${PROJECT_VERSION}
                                      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# trba_merge_objects(OUT OBJECTS...): makes one object of many, in which hidden symbols are local; OUT becomes its path.
# In an archive of many, hidden symbols are as visible as all others: a program's own arena_init() would clash with the
# library's, and its resize_linear() take the place of the library's.
function(trba_merge_objects out)
    # The flags that say which processor the objects are for, and how to read them if they are for link-time
    # optimisation, which ends here: objcopy sees no symbols in the compiler's own form. Not those for sanitizers and
    # coverage: Clang would link their runtimes into the object.
    string(TOUPPER "CMAKE_C_FLAGS_${CMAKE_BUILD_TYPE}" config_flags)
    separate_arguments(flags NATIVE_COMMAND "${CMAKE_C_FLAGS} ${${config_flags}}")
    list(FILTER flags INCLUDE REGEX "^(-m|-flto|-fuse-ld=|-B|--target=)")
    if(CMAKE_INTERPROCEDURAL_OPTIMIZATION)
        list(APPEND flags ${CMAKE_C_COMPILE_OPTIONS_IPO})
    endif()
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND flags MATCHES "-flto")
        list(APPEND flags -flinker-output=nolto-rel)
    endif()
    if(CMAKE_C_COMPILER_TARGET AND CMAKE_C_COMPILE_OPTIONS_TARGET)
        list(PREPEND flags "${CMAKE_C_COMPILE_OPTIONS_TARGET}${CMAKE_C_COMPILER_TARGET}")
    endif()
    separate_arguments(compiler_words NATIVE_COMMAND "${CMAKE_C_COMPILER_ARG1}")
    set(merged "${PROJECT_BINARY_DIR}/CMakeFiles/trba_$<CONFIG>${CMAKE_C_OUTPUT_EXTENSION}")
    add_custom_command(OUTPUT "${merged}" DEPENDS ${ARGN} VERBATIM COMMAND_EXPAND_LISTS
                       COMMAND "${CMAKE_C_COMPILER}" ${compiler_words} ${flags} -r -nostdlib -Wl,--build-id=none
                               -o "${merged}" ${ARGN}
                       COMMAND "${CMAKE_OBJCOPY}" --localize-hidden "${merged}"
                       COMMENT "Merging the objects of libtrba.a into one that exports trba_* only")
    set(${out} "${merged}" PARENT_SCOPE)
endfunction()

if(TRBA_BUILD_STATIC)
    if(CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF" AND CMAKE_OBJCOPY)
        trba_merge_objects(static_objects ${trba_objects_OBJECTS})
    else()
        message(STATUS "no objcopy for this platform: inner functions stay visible in libtrba.a; its tests will fail")
        set(static_objects ${trba_objects_OBJECTS})
    endif()
    add_library(trba_static STATIC ${static_objects})
    add_dependencies(trba_static ${trba_objects_TARGETS}) # or make looks for objects that are not there yet
    add_library(trba::trba_static ALIAS trba_static)
    set_target_properties(trba_static PROPERTIES OUTPUT_NAME trba EXPORT_NAME trba_static LINKER_LANGUAGE C)
    target_include_directories(trba_static PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(trba_static PRIVATE PkgConfig::TRBA_DEPENDENCIES Threads::Threads
                                              ${TRBA_SYSTEM_LIBRARIES})
endif()

if(TRBA_BUILD_TESTS OR TRBA_BUILD_BENCH)
    add_library(trba_internal STATIC ${trba_objects_OBJECTS})
    target_include_directories(trba_internal PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
    target_compile_definitions(trba_internal PUBLIC ${TRBA_TIER_DEFINITIONS})
    target_link_libraries(trba_internal PUBLIC trba_flags trba_dependencies)
endif()

if(TRBA_BUILD_TESTS AND NOT CMAKE_CROSSCOMPILING)
    trba_add_objects(trba_testing_objects default)
    # bfloat16 without AMX: slow, but the same sums.
    target_compile_definitions(trba_testing_objects PRIVATE TRBA_BF16_EVERYWHERE)
    add_library(trba_testing SHARED ${trba_testing_objects_OBJECTS})
    target_link_libraries(trba_testing PRIVATE trba_flags trba_dependencies)
endif()
