"""Shell completion: from the words typed so far to the candidates for the last one.

``command_spec`` reads verbs and flags from typer's commands, ``parsed_line`` reads the words, ``candidates`` decides
what fits, ``cluster_values`` queries the cluster, ``protocol`` is the output format. Nothing here prints, and nothing
loads modules that only the verbs need: the user is waiting.
"""
