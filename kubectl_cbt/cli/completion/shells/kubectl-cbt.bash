# Completes the command kubectl-cbt in bash.
#
#   This shell only:  eval "$(kubectl-cbt completion bash)"
#   Every new shell:  add that line to ~/.bashrc
#
# It runs kubectl_complete-cbt, which must be on PATH. To complete "kubectl cbt", this script is not needed: kubectl's
# own completion (kubectl completion bash) runs the same program.

# Sets REPLY to a word as the command receives it: without its quotes, with $NAME, ${NAME} and a leading ~ replaced.
# Nothing is evaluated: a command or an arithmetic expression is left as typed.
_kubectl_cbt_unquoted() {
    local _rest=$1 _quote="" _letter _name
    local _variable='^([A-Za-z_][A-Za-z0-9_]*)|^[{]([A-Za-z_][A-Za-z0-9_]*)[}]'
    REPLY=""
    if [[ $_rest == '~' || $_rest == '~/'* ]]; then
        REPLY=${HOME-} _rest=${_rest:1}
    fi
    while [[ $_rest ]]; do
        _letter=${_rest:0:1} _rest=${_rest:1}
        if [[ $_letter == "$_quote" ]]; then
            _quote=""
        elif [[ $_quote == "'" ]]; then
            REPLY+=$_letter
        elif [[ $_letter == '\' ]]; then
            # In double quotes, a backslash quotes these characters only.
            [[ $_quote && ${_rest:0:1} != ['$`"\'] ]] && REPLY+=$_letter
            REPLY+=${_rest:0:1} _rest=${_rest:1}
        elif [[ ! $_quote && $_letter == ['"'\'] ]]; then
            _quote=$_letter
        elif [[ $_letter == '$' && $_rest =~ $_variable ]]; then
            _name=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
            REPLY+=${!_name-} _rest=${_rest:${#BASH_REMATCH[0]}}
        else
            REPLY+=$_letter
        fi
    done
}

_kubectl_cbt() {
    # Bash splits words at = and : too. Only blanks count; and the last word ends at the cursor.
    local rest=${COMP_LINE:0:COMP_POINT} word="" stripped typed=() REPLY
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        stripped=${rest#"${rest%%[![:space:]]*}"}
        word=${stripped:0:${#word}}
        if [[ $stripped == "$rest" && ${#typed[@]} -gt 0 ]]; then
            typed[${#typed[@]}-1]+=$word
        else
            typed+=("$word")
        fi
        rest=${stripped:${#word}}
    done

    # The part that bash keeps: a candidate replaces only the text after the last = or :.
    local last=${typed[${#typed[@]}-1]} replaced=$word kept flag="" given=()
    [[ $word == [=:] ]] && replaced=""
    _kubectl_cbt_unquoted "${last%"$replaced"}"
    kept=$REPLY
    for word in "${typed[@]:1}"; do
        _kubectl_cbt_unquoted "$word"
        given+=("$REPLY")
    done
    # For a word --flag=value, the candidates are values.
    [[ $last == --*=* ]] && flag=${last%%=*}=

    local line value directive=0 longest=0 values=() abouts=()
    while IFS= read -r line; do
        if [[ $line =~ ^:[0-9]+$ ]]; then
            directive=${line#:}
            continue
        fi
        value=$flag${line%%$'\t'*}
        value=${value#"$kept"}
        [[ $replaced == [\'\"]* ]] || printf -v value %q "$value"
        values+=("$value")
        line=$line$'\t'
        line=${line#*$'\t'}
        abouts+=("${line%$'\t'}")
        ((${#value} > longest)) && longest=${#value}
    done < <(kubectl_complete-cbt "${given[@]}" 2>/dev/null)

    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 4)) && compopt +o default 2>/dev/null
    ((directive & 32)) && compopt -o nosort 2>/dev/null

    # Descriptions only in a list of candidates: bash inserts their common prefix.
    local index
    COMPREPLY=("${values[@]}")
    ((${#values[@]} < 2 || COMP_TYPE == 37 || COMP_TYPE == 42)) && return
    for index in "${!values[@]}"; do
        [[ ${abouts[index]} ]] || continue
        printf -v line "%-${longest}s  (%s)" "${values[index]}" "${abouts[index]}"
        COMPREPLY[index]=${line:0:${COLUMNS:-80}-1}
    done
}

complete -o default -F _kubectl_cbt kubectl-cbt
