#compdef strdemo trba
# SPDX-License-Identifier: Apache-2.0
# trba.zsh - what zsh offers behind strdemo and trba; installed as _trba, the line above names the programs.
# As in trba.bash everything comes from the programs' own help.

_trba_charsets()
{
    compadd -- ${(f)"$(${program/%strdemo/trba} charsets 2>/dev/null | sed -nE '2,$s/ .*//p')"}
}

_trba_charset_or_file()
{
    _trba_charsets
    _files
}

# A picture, or @LIST.
_trba_inputs()
{
    compset -P @
    _files
}

# Adds what _arguments is to know about each option in the help of "$@" to the array `specs`.
_trba_add_specs()
{
    local letter name value action
    "$@" --help 2>/dev/null | sed -nE 's/^  (-(.), |    )--([A-Za-z_-]+)( ([^ ]+))?.*/\2,\3,\5/p' |
        while IFS=, read -r letter name value; do
            case $value in
                '') action= ;;
                FILE | FOLDER | INPUT | SET) action=":$value:_files" ;;
                CHARSET) action=":$value:_trba_charset_or_file" ;;
                *'|'* | [a-z]*) action=":$name:(${value//|/ })" ;;
                *) action=":$value: " ;;
            esac
            specs+=("--$name${action:+=}$action")
            if [[ -n $letter ]]; then specs+=("-$letter$action"); fi
        done
}

_trba()
{
    local program=${words[1]/#\~\//$HOME/} specs=() inputs='*:input:_trba_inputs'
    if [[ ${program:t} == strdemo ]]; then
        _trba_add_specs $program
    elif ((CURRENT == 2)); then
        compadd -- --help --version ${(f)"$($program help 2>/dev/null | sed -nE 's/^  ([a-z]+)  .*/\1/p')"}
        return
    else
        _trba_add_specs $program $words[2]
        if [[ $words[2] == charsets ]]; then inputs='*:alphabet:_trba_charsets'; fi
        shift words
        ((CURRENT--))
    fi
    _arguments -S $specs $inputs
}

_trba "$@"
