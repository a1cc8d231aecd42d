"""The server of the Model Context Protocol: the use cases as tools of an agent, over stdio."""
