"""The parts of a masked language model of transformers."""


def states_and_head(model, batch):
    """Last hidden states of all places, [places, hidden], and the head that makes logits of some."""
    if hasattr(model, "distilbert"):
        states = model.distilbert(**batch.inputs).last_hidden_state.flatten(0, 1)

        def head(x):
            x = model.vocab_layer_norm(model.activation(model.vocab_transform(x)))
            return model.vocab_projector(x)

        return states, head
    return model.bert(**batch.inputs).last_hidden_state.flatten(0, 1), model.cls
