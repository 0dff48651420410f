"""From a base model to a chat assistant: messages, masking, SFT, reward model, RLHF, chat. Never Beam."""
