# SPDX-License-Identifier: Apache-2.0
# debian_files.cmake - run by CPack on the tree of each package before it is packed:
#
#   usr/share/doc/PACKAGE/    copyright, NOTICE, changelog.gz (CHANGELOG.md), changelog.Debian.gz
#   usr/share/man/            compressed, as Debian wants it
set(source_dir "${CMAKE_CURRENT_LIST_DIR}/../..")
find_program(gzip gzip REQUIRED)

# -n: no time and no name in it, the same bytes each time.
function(compress_file path)
    execute_process(COMMAND "${gzip}" -9nf "${path}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(add_doc_files doc_dir)
    file(COPY "${CMAKE_CURRENT_LIST_DIR}/copyright" "${source_dir}/NOTICE" DESTINATION "${doc_dir}")
    configure_file("${source_dir}/CHANGELOG.md" "${doc_dir}/changelog" COPYONLY)
    # The day the package is made, or that of SOURCE_DATE_EPOCH.
    string(TIMESTAMP DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
    configure_file("${CMAKE_CURRENT_LIST_DIR}/changelog.in" "${doc_dir}/changelog.Debian" @ONLY)
    compress_file("${doc_dir}/changelog")
    compress_file("${doc_dir}/changelog.Debian")
endfunction()

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    set(share "${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share")
    string(TOUPPER "${component}" upper)
    add_doc_files("${share}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}")
    file(GLOB man_pages "${share}/man/man1/*.1")
    foreach(page IN LISTS man_pages)
        compress_file("${page}")
    endforeach()
endforeach()
