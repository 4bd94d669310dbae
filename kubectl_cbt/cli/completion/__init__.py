"""Shell completion: from the words typed so far to what the last one may become.

``tree`` reads verbs and flags off the command line's own definition, ``line`` reads the words, ``offers`` decides
what fits, ``live`` asks the cluster, ``answers`` is the protocol. Nothing here prints, and none of it may load what
only the verbs need: the person waits with a finger on the key.
"""
