# SPDX-License-Identifier: Apache-2.0
# trba.bash - what bash offers behind strdemo and trba; installed under both names, because bash loads it by name.
#
#   strdemo --help, trba COMMAND --help      the options, and behind each what its value is:
#       --format table|tsv|jsonl             one of these words (--compat clovaai: this one)
#       --charset CHARSET                    a name out of `trba charsets`, or a file
#       --output FILE, --image_folder INPUT  a file
#       --threads N, --prefix TEXT           nothing that could be offered
#
# The help is printed from the programs' own tables of options, so nothing here has to follow them. bash cuts words at
# '=': --format=ta arrives as three.

# Prints "NAME VALUE" for each spelling of each option of a program: "--format table|tsv|jsonl", "-f table|tsv|jsonl".
_trba_list_options()
{
    "$@" --help 2>/dev/null |
        sed -nE -e 's/^  (-(.), |    )--([A-Za-z_-]+)( ([^ ]+))?.*/--\3 \5\n-\2 \5/' -e 's/\n- .*//' -e '/^--/p'
}

# Prints what the help of a program calls the value of the option $1: nothing for a flag.
_trba_find_value()
{
    local wanted=$1 name value
    shift
    while read -r name value; do
        if [[ $name == "$wanted" ]]; then printf '%s\n' "$value"; fi
    done < <(_trba_list_options "$@")
}

_trba_list_commands()
{
    "$1" help 2>/dev/null | sed -nE 's/^  ([a-z]+)  .*/\1/p'
    printf '%s\n' --help --version
}

# The program trba, which knows the alphabets, lies beside strdemo.
_trba_list_charsets()
{
    "${1/%strdemo/trba}" charsets 2>/dev/null | sed -nE '2,$s/ .*//p'
}

# Offers the words on standard input that begin with $1. Not for file names: compgen -W expands what is in its words.
_trba_offer()
{
    mapfile -t COMPREPLY < <(compgen -W "$(cat)" -- "$1")
}

# Offers what the help calls $1 and begins with $2; offering nothing leaves it to bash to offer files.
_trba_offer_values()
{
    case $1 in
        *'|'* | [a-z]*) _trba_offer "$2" < <(tr '|' '\n' <<<"$1") ;;
        CHARSET)
            _trba_offer "$2" < <(_trba_list_charsets "$3")
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$2")
            compopt -o filenames ;;
        FILE | FOLDER | INPUT | SET) ;;
        *) compopt +o default ;;
    esac
}

# bash calls it with the program and the part of the word before the cursor.
_trba_complete()
{
    local program=${1/#\~\//$HOME/} current=$2 option=${COMP_WORDS[COMP_CWORD - 1]} value call
    COMPREPLY=()
    if [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD - 2]}; fi
    if [[ " ${COMP_WORDS[*]:1:COMP_CWORD-1} " == *" -- "* ]]; then return; fi

    call=("$program")
    if [[ ${program##*/} == trba ]]; then
        if ((COMP_CWORD == 1)); then
            _trba_offer "$current" < <(_trba_list_commands "$program")
            return
        fi
        call+=("${COMP_WORDS[1]}")
    fi
    value=$(_trba_find_value "$option" "${call[@]}")
    if [[ -n $value ]]; then
        _trba_offer_values "$value" "$current" "$program"
    elif [[ $current == @* ]]; then # @LIST
        mapfile -t COMPREPLY < <(compgen -P @ -f -- "${current#@}")
        compopt -o filenames
    elif [[ $current == -* ]]; then
        _trba_offer "$current" < <(_trba_list_options "${call[@]}" | cut -d ' ' -f 1)
    elif [[ ${call[1]} == charsets ]]; then
        _trba_offer "$current" < <(_trba_list_charsets "$program")
    fi
}

complete -o default -F _trba_complete strdemo trba
