# SPDX-License-Identifier: Apache-2.0
"""How the network is trained.

    joint_network.py   the network: TPS-ResNet-BiLSTM with an attention head and a CTC head
    curriculum.py      what is shown when, and the learning rate: functions of the words seen
    word_batches.py    rendered words in batches, made by other processes
    training_state.py  saving, resuming, exporting checkpoints
    real_words.py      accuracy on photographed words
    journal.py         what was measured, line by line, and its curves
"""
