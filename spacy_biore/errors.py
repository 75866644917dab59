"""Every coded message of the package: what happened, where, and what to do about it.

Codes are never reused. ``BR0xx`` concern the pipeline component, ``BR1xx`` corpora and formats,
``BR2xx`` encoders, ``BR3xx`` commands, ``BR4xx`` the adaptation of encoders, ``BR5xx`` cross-validation and benchmarks,
``BR6xx`` whole pipelines; ``BRWxx`` are warnings.
"""

from spacy.errors import ErrorsWithCodes


class BioreError(ValueError):
    """Base of the errors that bad input or bad settings cause."""


class Errors(metaclass=ErrorsWithCodes):
    """Messages of errors; fill them with ``str.format``."""

    # schema and labels
    BR001 = (
        "Relation schema: {problem}. Each entry needs a label, the entity types of its head and of its tail, "
        'for example {{"label": "INHIBITS", "head": ["CHEMICAL"], "tail": ["GENE"]}}.'
    )
    BR002 = "The relation label '{label}' is not in the schema of '{name}'. Known labels: {labels}."
    BR003 = (
        "The component '{name}' has no relation labels. Declare a schema in its config, add labels with "
        "add_label, or call nlp.initialize with examples that hold relations. Was the corpus saved with its user data "
        "(DocBin(store_user_data=True))?"
    )
    BR004 = (
        "The corpus does not fit the schema of '{name}': {problem} (first seen in document '{doc_id}'). "
        "Correct the schema, or convert the corpus with the right type and label map. If the pipeline has several "
        "relation extractors, declare the schema of each."
    )
    BR005 = "The threshold of '{label}' is {value!r}; thresholds are numbers from 0 to 1."
    BR006 = (
        "Can't add the label '{label}' to '{name}' after its model was initialized: the output layer has a fixed "
        "size. Add labels first, or initialize again."
    )
    BR007 = (
        "label_thresholds holds pairs of a label and a number, each label once, for example "
        '[["INHIBITS", 0.4]]; not {entry!r}.'
    )
    # candidates
    BR010 = "Candidate generator: {setting} is {value!r}; it must be {expected}."
    BR011 = (
        "Document '{doc_id}' has no sentence boundaries, which candidates of scope '{scope}' need. A corpus brings its "
        "own: python -m spacy biore convert sets them; call nlp.get_pipe('sentencizer') on gold documents of your own. "
        "In a pipeline, put a 'sentencizer' (or 'parser', 'senter') before the relation extractor, and into "
        "training.annotating_components where it learns on predicted entities. Or use scope 'document'."
    )
    # relations on a Doc
    BR020 = (
        "A relation is a spacy_biore.Relation of two Spans, or a record with the keys head, tail (each with start, "
        "end, type), label and score; got: {record!r}."
    )
    BR021 = (
        "The mention {start}:{end} (characters) of relation '{label}' is not in the text of this Doc. Relations belong "
        "to the text they were predicted on."
    )
    BR022 = (
        "These relations were found in a text of {length} characters, and this Doc has {found}: it was made with "
        "Span.as_doc(copy_user_data=True), or its user data was copied from another. Use spacy_biore.as_doc(span), "
        "which moves the offsets."
    )
    BR023 = (
        "The mention {start}:{end} (characters) of relation '{label}' is {told!r}, but this Doc has {found!r} there: "
        "the relation is one of another text."
    )
    # training
    BR030 = "The loss of '{name}' is not a number. Lower the learning rate, or switch mixed precision off."
    BR031 = (
        "No corpus at {path}: no such file, and no folder with .spacy files. Convert one first: python -m spacy biore "
        "convert --help."
    )
    BR032 = "Corpora and batches: {setting} is {value!r}; it must be {expected}."
    BR033 = (
        "No example of the training corpus has a candidate pair, so there is nothing to learn from. Do its entities "
        "have the types of the schema, and is the candidates' scope wide enough?"
    )
    BR034 = (
        "The relation extractor is trained by Adam with decoupled weight decay. Set [training.optimizer] to Adam.v1 "
        "with beta1 and beta2 above 0 and L2_is_weight_decay = true; SGD.v1 and RAdam.v1 are not supported."
    )
    BR036 = (
        "The training corpus has predicted entities, and nothing before '{name}' predicts any while it is trained: "
        "training.annotating_components is {annotating}, in the pipeline {pipeline}. List the recogniser there, with "
        "the tok2vec or transformer that it reads. If the pipeline has none, take one from another pipeline by "
        "'source', as configs/chemprot_predicted.cfg does."
    )
    BR037 = (
        "'{name}' annotates while training, and reads what '{source}' computes, which does not. Its entities would be "
        "noise. List '{source}' under training.annotating_components too."
    )
    # recognisers
    BR040 = (
        "The recogniser '{name}' finds the entity types {types!r}; give a list of at least one type, each once, such "
        'as types = ["CHEMICAL", "DISEASE"].'
    )
    BR041 = (
        "Corpus reader: {entry!r} is not an entry of corpora. Each is a path and the entity types that are annotated "
        'there, for example {{"path": "corpus/bc5cdr/train.spacy", "types": ["CHEMICAL", "DISEASE"]}}.'
    )
    BR042 = (
        "The corpus {path} is said to annotate {unknown}, which no recogniser of the pipeline finds; they find "
        "{known}. Correct the types of the corpus, or give a recogniser this type."
    )
    BR043 = (
        "The corpus {path} is said to annotate {missing}, but has no mention of that; it has: {found}. Correct the "
        "types of the corpus, or convert it with other names (--map-types)."
    )
    BR044 = (
        "The recogniser '{name}' can't be given '{label}': it finds the types of its setting, {types}, and learns from "
        'documents that were annotated with all of these. Make one with others: nlp.add_pipe("partial_ner", '
        'config={{"types": [...]}}).'
    )

    # reading corpora
    BR100 = "Can't read {path}: {problem}. Check the path and its permissions."
    BR101 = "{path} holds no documents. Check that the file was downloaded and unpacked completely."
    BR102 = (
        "{path}, line {line}: byte {byte:#04x} at position {position} is not valid UTF-8. Convert the file first, for "
        "example with: iconv -f latin1 -t utf-8."
    )
    BR103 = (
        "{where}: {found} columns where {wanted} are needed, separated by tabs: {text!r}. Is this the right format, "
        "and did an editor replace tabs by spaces?"
    )
    BR104 = (
        "{where}: document '{doc_id}': the offset {value!r} is not a whole number from 0 up. Correct the row; offsets "
        "are columns of their own."
    )
    BR105 = (
        "{where}: document '{doc_id}': the mention {start}:{end} is reversed, or does not lie in the text, which has "
        "{length} characters. Offsets count characters, not bytes, from 0; the end is exclusive."
    )
    BR106 = (
        "{where}: document '{doc_id}': at {start}:{end} the mention should be {surface!r}, but the text has {found!r} "
        "there. Correct the row or the text, or, in formats that have it, leave such mentions out, counted, with "
        "--on-mismatch drop."
    )
    BR107 = "{where}: document '{doc_id}' has two mentions with the id '{id}'. Give each mention an id of its own."
    BR108 = (
        "{where}: there is no document '{doc_id}' in the table of abstracts of this split. Are the tables of one split?"
    )
    BR109 = (
        "{where}: document '{doc_id}': a relation names the mention '{id}', which this document does not have. "
        "Relations hold between mentions of one document; correct the id."
    )
    BR110 = "{path}: found nothing to convert; looked for {wanted}. Check the path and the format."
    BR111 = (
        "{path} and {other} both claim to be the same table of the split '{split}'. Convert the folders of the splits "
        "one by one, or move one of the files away."
    )
    BR112 = "The split '{split}' in {path} has no table of {role} (a .tsv file with '{role}' in its name)."
    BR113 = (
        "{where}: document '{doc_id}': argument {number} of the relation is {value!r}; it must look like "
        "'Arg{number}:T1'. Correct the row."
    )
    BR114 = (
        "{where}: this row of document '{other}' stands among those of document '{doc_id}'. All rows of a document "
        "follow its own text, and no relation goes from one document to another."
    )
    BR115 = "{where}: {problem}. Is this a PubTator file?"
    BR116 = (
        "{where}: document '{doc_id}': {text!r} is neither a mention (id, start, end, text, type, concept) nor a "
        "relation (id, label, concept, concept), separated by tabs. Correct or remove the line."
    )
    BR117 = (
        "{where}: there already is a different document with the id '{doc_id}' ({first}). Give each document an id of "
        "its own."
    )
    BR118 = "{where}: document '{doc_id}': the {kind} is empty. Fill it in, or remove the row."
    BR120 = (
        "{where}: document '{doc_id}': an instance needs the tags of two mentions, and this one has {number} (tags: "
        "{tags}): {text!r}. A tag for two mentions is written @TYPE-TYPE$ or named with --tag-alias; a header line "
        "reads: index, sentence, label."
    )
    BR121 = (
        "{where}: document '{doc_id}': the tags have the types {first} and {second}. Say which is the head: --pair "
        "{first},{second} or --pair {second},{first}."
    )
    BR122 = (
        "{where}: document '{doc_id}': the tags have the types {found}, but the pair of this corpus is {pair}. Correct "
        "--pair, or name what the tags stand for with --tag-alias."
    )
    BR130 = "{where}: not valid JSON: {problem}. Each line holds one complete object."
    BR131 = "{where}: document '{doc_id}': this {kind} does not fit the schema: {problem}. See docs/formats.md."
    # converting corpora
    BR139 = "Can't tokenise with '{name}': {problem}"
    BR140 = "Can't write {path}: {problem}. Choose another output."
    BR141 = "--split {shares}: give three shares, for train, dev and test, that are not negative and add up to 1."
    BR142 = "The split '{split}' would be empty: there are only {groups} articles to divide. Give fewer splits a share."
    BR143 = "{where}: document '{doc_id}': the tokenizer changes the text, so offsets are lost. Use another pipeline."
    BR144 = (
        "The output of this conversion is {wanted}, and {path} is not, by its name: a file's ends in .spacy, a "
        "folder's does not. Change the output path."
    )
    BR145 = (
        "No relation has one of the labels {labels}. The corpus has: {found}. Correct --labels, which is applied after "
        "--map-labels."
    )
    BR146 = "--split divides one file, and {path} has {number} splits already. Convert them without --split."
    BR147 = "{option} {value!r}: expected {expected}."
    BR148 = "The format '{format}' has no option {option}. See: python -m spacy biore convert --help."
    BR149 = "The counts of {kind} do not add up: {flow}. This is a fault of spacy_biore; please report it."
    # corpora of several files: archives, XML, folds
    BR150 = (
        "Can't read {path}: {problem}. Download it again. Single broken files are named and left out, but not a "
        "whole split."
    )
    BR151 = "{where}: not the XML of this format: {problem}."
    BR152 = (
        "{where}: document '{doc_id}': the mention '{id}' has the offsets {value!r}; they must look like 3-9, or like "
        "3-9;12-15 or 3-9,12-15 for a discontinuous one. Correct the mention."
    )
    BR153 = (
        "{where}: not an instance of this format: {problem}. Each line is one JSON object with id (of sentence and "
        "pair), text, and relation: a list of objects with relation_type and the string, _idx and _type of each entity."
    )
    BR154 = (
        "{where}: the text of the sentence '{sentence}' differs from that of an earlier line ({first}). All pairs of a "
        "sentence have its text."
    )
    BR155 = (
        "The document '{doc_id}' is in two folds, {first} and {second} ({number} document(s) in all). Folds must not "
        "overlap: what a model is tested on would be in its training. Move one of the files away."
    )
    BR156 = (
        "{number} mentions contradict the text that is at their offsets: {shown}. Correct the corpus, or leave such "
        "mentions out, counted, with --on-mismatch drop."
    )
    BR157 = "No document of {path} is left: {reasons}. Correct the corpus, or take this file away."
    BR158 = (
        "{where}: not BioC: {problem}. BioC is XML or JSON with documents, which hold passages with their offsets and "
        "annotations."
    )
    BR159 = "Reading BioC needs the package bioc: pip install 'bioc>=2.1'."
    BR160 = (
        "{where}: not an annotation of brat: {problem}. Mentions look like 'T1 TYPE 0 6 text', relations like "
        "'R1 LABEL Arg1:T1 Arg2:T2', concepts like 'N1 Reference T1 MESH:D1', with tabs after the id and before the "
        "text."
    )

    # encoders
    BR200 = "No encoder '{name}'. Tried, in this order: {tried}. Give a folder, an installed package or a hub name."
    BR201 = "The encoder '{name}' has no fast tokenizer, which character offsets need. Choose an encoder that has one."
    BR202 = "max_length is {value}; it must be from 16 to {limit}, the number of positions of the encoder '{name}'."
    BR205 = (
        "The encoder '{name}' has no setting {settings}. Correct or remove it in encoder_config of the model; to "
        "remove all: --components.relation_extractor.model.encoder_config '{{}}'. Settings of the encoder: {known}."
    )
    BR203 = "Pooling: {setting} is {value!r}; it must be one of {expected}."
    BR206 = "Relation model: {setting} is {value!r}; it must be {expected}."
    BR207 = "The encoder '{name}' can't be loaded with the encoder_config {settings}: {problem}. Correct the settings."
    BR208 = (
        "layer_decay is {value}, but the encoder ({kind}) keeps no list of layers (nn.ModuleList) that the rate could "
        "go down. Set layer_decay = 1.0."
    )
    BR209 = "Loss of the relation extractor: {setting} is {value!r}; it must be {expected}."
    BR210 = (
        "The encoder '{name}' ({kind}) can't share a text between its pairs: it takes no mask for each word piece, or "
        'does not obey given positions. Set input_style = "anonymised", or choose an encoder such as BERT or RoBERTa.'
    )
    BR211 = (
        "The tokenizer of the encoder '{name}' has no token for: {missing}. Choose an encoder whose input begins with "
        "a token for the sentence and ends with a separator, such as BERT or RoBERTa."
    )
    BR212 = (
        "The encoder '{name}' ({kind}) can't be used: {problem}. Choose one that takes word pieces and a mask and "
        "gives a state for each piece, without its pooler, such as BERT, RoBERTa, ELECTRA or ModernBERT."
    )
    BR204 = "The model of {name} has not been initialized. Call nlp.initialize, or load a trained pipeline."

    # commands on trained pipelines
    BR300 = (
        "Can't load the pipeline '{name}': {problem}. Give the folder that spacy train wrote (such as "
        "training/model-best), or the name of an installed pipeline."
    )
    BR301 = (
        "The pipeline '{name}' has no relation extractor; its components are: {components}. Train one with spacy "
        "train, or give another pipeline."
    )
    BR302 = (
        "The model does not fit the corpus: {n_relations} gold relations have labels that it does not know: {labels}. "
        "It knows: {known}. Convert the corpus with other --labels or --map-labels; the command evaluate has --labels."
    )
    BR303 = "--labels: the model does not know {labels}. It knows: {known}."
    BR304 = (
        "There are no documents to evaluate on in {path}. Give a .spacy file or a folder of them, as python -m spacy "
        "biore convert writes them."
    )
    BR305 = (
        "Can't read the corpus {path}: {problem}. Give a .spacy file or a folder of them, as python -m spacy biore "
        "convert writes them."
    )
    BR306 = "Can't write {path}: {problem}. Choose another --output."
    BR307 = "Can't use GPU {gpu_id}: {problem}. Leave --gpu-id away to use the CPU."
    BR308 = (
        "There are no gold relations with the labels {labels} in {path} to find a threshold with. Give the development "
        "corpus, as python -m spacy biore convert writes it."
    )
    BR309 = "--name must be one of the pipeline's relation extractors, {known}; it is {name}."
    BR310 = (
        "No threshold finds any of the {n_gold} gold relations in {path}, so none is better than another. Has the "
        "model been trained? Are the labels and entity types of the corpus those of the model? With --end-to-end, does "
        "the pipeline have a recogniser?"
    )

    # adapting an encoder
    BR400 = "No text in {path}: its name must end in one of {kinds}, with .gz or .xz after it if it is compressed."
    BR401 = "{where}: {problem}. Correct the line, or leave it out."
    BR402 = "{path} is not what its name says: {problem}. Was it downloaded completely?"
    BR403 = (
        "The tokenizer of '{name}' does not match its model: it has {pieces} pieces for {embeddings} embeddings, and "
        "its special pieces are {special}. Take both from one encoder that was trained with masks."
    )
    BR404 = (
        "{where}: this text must not be learned from: {problem}. Take it out of the text, or leave such documents out, "
        "counted, with --drop-excluded."
    )
    BR405 = "Adaptation: {setting} must be {expected}."
    BR406 = "New words can only be added to a WordPiece vocabulary; this one is {kind}. Leave --vocabulary away."
    BR407 = "{folder} belongs to another run, which differs in: {different}. Choose another output, or remove this one."
    BR408 = (
        "There is too little text: {documents} documents are left, and at least two are needed, one to learn from and "
        "one to measure with. Left out or chosen: {counts}. In a .txt file, blank lines part documents."
    )
    BR409 = "Can't write to {path}: {problem}. Make room, and run the same command again: it goes on where it was."
    BR410 = (
        "The loss is {loss} after {step} updates: the run diverged. Lower the learning rate, and choose another "
        "--output."
    )
    BR411 = "Adapting an encoder needs the package accelerate: pip install 'accelerate>=0.26'."
    BR412 = (
        "{where}: this excluded document has no id, so that it can't be told from others. Give all documents of the "
        "file ids (those of a .spacy file: doc.user_data['biore_doc_id'], saved with store_user_data=True), or give a "
        "text file with the ids, one a line."
    )
    BR413 = (
        "The term list {path} has no terms of {missing}, so that no text would be chosen; it has terms of {found}. "
        "Correct --require, or take another list."
    )
    BR414 = (
        "The recogniser '{name}' never finds {missing}, so that no text would be chosen; it finds {found}. Correct "
        "--require, or take another recogniser."
    )
    BR415 = "The device has too little memory for {device_tokens} word pieces at once. Lower --device-tokens."
    BR416 = "{path} can't be read: {problem}. Remove it, and run the same command again."
    BR417 = "--output {path} holds another model. Choose a folder of its own, so that the model is not overwritten."
    BR418 = (
        "The encoder '{name}' is of the kind {kind}, which does not predict masked pieces. Choose one of BERT's kind."
    )
    BR419 = "{folder} is in use by another process. Wait for that, or choose another output."
    BR420 = (
        "{folder} holds {file}, which is not of such a run and would be lost. Choose another output, or move it away."
    )

    # cross-validation
    BR500 = "Dividing a corpus into folds needs the package scikit-learn: pip install 'scikit-learn>=1.3'."
    BR501 = (
        "The config can't be trained on folds: {problem}. The blocks named by training.train_corpus and "
        "training.dev_corpus must be two corpus readers with a path, as in configs/sample.cfg."
    )
    BR502 = "{number} folds can't be made of {units} {kind}. Give a smaller --folds, or a larger corpus."
    BR503 = (
        "No folds in {path}: {problem}. Give a folder with a .spacy file for each of at least two folds, or with a "
        "folder for each that holds train.spacy and test.spacy."
    )
    BR504 = "Fold files overlap: {overlaps}. A document belongs to one fold alone; divide the corpus again."
    BR505 = (
        "--dev {share} of {articles} articles leaves nothing to watch on or nothing to learn from. Give another share, "
        "or --dev 0 to do without."
    )
    BR506 = "--folds does not go with --by file: there are as many folds as the folder has."
    BR507 = (
        "{end} ends the training before update {frequency}, at which it is first evaluated after the start "
        "(training.eval_frequency): the best model would be that of the first update. Set training.eval_frequency to "
        "fewer updates than are made, or do without a development part (--dev 0)."
    )
    BR508 = (
        "Two files of the corpora have the name {name} (the second one is in {path}), so that a change of one could "
        "not be told. Rename one."
    )
    BR509 = (
        "Without gold relations to watch on, nothing ends the training. Set training.max_steps or training.max_epochs."
    )
    BR514 = (
        "{path} can't be read as the state of an interrupted training: {problem}. Move it elsewhere: the training then "
        "begins anew."
    )

    # the grid of benchmarks
    BR510 = "{path}: {problem}. See benchmarks/paper.yml for what a grid looks like."
    BR511 = "--only {pattern!r} fits no run of the grid {path}. Its runs are named like {example!r}."
    BR512 = "{failed} of {folds} folds failed: {reasons}. The same command again repeats these folds alone."
    BR513 = "{path} is no result of a benchmark: {problem}. Remove it, and repeat what made it."
    # pipelines of a recogniser and a relation extractor
    BR600 = (
        "The pipeline '{name}' has no entity recogniser: none of its components is known to set {wanted}; they are: "
        "{components}. Give a pipeline with 'ner', 'entity_ruler' or the like. The factory of a component of your own "
        'must declare assigns=["doc.ents"].'
    )
    BR601 = (
        "The recogniser '{name}' is not installed. It comes from its authors, not from PyPI: pip install --no-deps "
        "{url} (--no-deps, because its own requirements would replace spaCy by an older version)."
    )
    BR602 = (
        "No relation can be found: the relations hold between {wanted}, and the recogniser '{name}' finds {found}. "
        "Missing: {missing}. Say which of its labels stand for these types, for example with --map-types {example}."
    )
    BR603 = (
        "The type map in {where} can't be used: {problem}. Each label of the recogniser has one type, or null to drop "
        'its entities, for example {{"SIMPLE_CHEMICAL": "CHEMICAL", "ORGAN": null}}.'
    )
    BR604 = "There is no ready type map '{scheme}'. Known: {known}."
    BR605 = (
        "'{name}' needs scispaCy ({problem}). Install it: pip install scispacy==0.6.2. Or leave '{name}' out, as "
        "docs/pipelines.md and docs/recognition.md describe it."
    )
    BR606 = (
        "scispaCy's entity linker '{name}' is not available: {problem}. It downloads its knowledge base when it is "
        "first used, to the folder that SCISPACY_CACHE names. Leave --linker away to go without."
    )
    BR607 = (
        "Two relation extractors, '{name}' and '{other}', have the labels {labels} in common, so that one would "
        "replace the relations of the other. Assemble one of them only."
    )
    BR608 = (
        "The relation extractor '{name}' reads word vectors, and those of its pipeline differ from those of the "
        "recogniser. Train it with the recogniser's vectors (initialize.vectors in its config)."
    )
    BR609 = "The recogniser '{name}' can't be run: {problem}. Does it work by itself?"
    BR610 = (
        "--output {path} is the folder of a pipeline that is read here. Choose another, so that it is not overwritten."
    )
    BR611 = "--output {path} holds other files, and no pipeline. Choose a folder of its own."
    BR612 = (
        "The weight '{weight}' of '{name}' has the value {value}, and half precision ends at {limit}. Leave "
        "--half-precision away; a trained network seldom has such weights: does this one work?"
    )
    BR613 = (
        "EvenSpans: length is {length} and overlap {overlap}, in tokens. The overlap must be from 0 to length - 1. "
        "Correct get_spans in the config."
    )
    BR614 = (
        "TransformerModel: layers is {layers} and rate {rate}; layers must be 1 or more, and rate more than 0. Correct "
        "them in the config."
    )
    BR615 = (
        "The type map '{scheme}' fits no label of the recogniser. It is for {known}; the recogniser has {labels}. Name "
        "another --scheme, leave it away, or say what the labels stand for with --map-types."
    )


class Warnings(metaclass=ErrorsWithCodes):
    """Messages of warnings; fill them with ``str.format``."""

    BRW01 = (
        "No entities of the schema's types in any of the {n_docs} documents, so there are no candidate pairs. Is there "
        "an entity recogniser before '{name}' in the pipeline, and do its labels match the schema?"
    )
    BRW02 = (
        "'{name}' left out {n_pairs} candidate pair(s) with mentions too far apart to fit into {max_length} "
        "word pieces (first in document '{doc_id}'). Raise max_length, or limit the candidates' distance. Such pairs "
        "of further batches are left out without this warning; python -m spacy biore evaluate counts all."
    )
    BRW03 = (
        "Doc._.{name} belongs to another package and is left alone. Read relations with "
        "spacy_biore.relations.get_relations(doc) instead."
    )
    BRW04 = (
        "{n_relations} gold relation(s) can't be learned for want of a candidate pair, because of scope, distance or a "
        "cap (first in document '{doc_id}'). Widen the candidates if that is too many."
    )
    BRW05 = (
        "'{name}' learns nothing from {n_docs} documents with gold relations: their predicted docs have no entities. "
        "In a config, read the corpus with spacy-biore.Corpus.v1, not with spacy.Corpus.v1; in Python, make examples "
        "with Example(doc.copy(), doc)."
    )
    BRW06 = (
        "No gold relations in any of the {n_docs} documents, so '{name}' would learn that there never is one. Was the "
        "corpus saved with its user data (DocBin(store_user_data=True))?"
    )
    BRW07 = "The schema of '{name}' names what never occurs in the corpus: {missing}. Is that a slip of the pen?"
    BRW08 = (
        "Another relation extractor has the labels {labels} of '{name}' too: of two in one pipeline, the later one "
        "replaces the relations of the earlier. Give them labels of their own."
    )
    BRW09 = (
        'The input does not show which mention is the head of {labels}: both have the same tag. Set entities = "start" '
        'in the model, or input_style = "marked".'
    )
    BRW27 = (
        "The corpus {path} brings gold entities, although {setters} of this pipeline sets entities: scores of entities "
        "and of relations are those given gold entities, and say nothing of it. For scores from text, set "
        'entities = "predicted" in the reader of the development corpus.'
    )
    BRW10 = (
        "Nothing has set entities before '{name}', so there is nothing to relate. Put a recogniser before it: "
        "nlp.add_pipe('entity_ruler', before='{name}'), or python -m spacy biore assemble. To score a relation model "
        "alone, given gold entities: python -m spacy biore evaluate."
    )
    BRW25 = (
        "{path} also holds {others}, which this conversion did not write. If these are of the same corpus, their "
        "documents may be among those that were written: remove them, or choose another output."
    )
    BRW26 = (
        "{n_pairs} pair(s) have several gold labels, of which '{name}' will find one at most (first in document "
        "'{doc_id}'). If that is too many, set exclusive = false."
    )
    BRW18 = (
        "'{name}' can't learn what {missing} is: no document that was annotated with {types} has a mention of it. Does "
        "one of the corpora annotate all types of this component?"
    )
    BRW19 = (
        "Document '{doc_id}' has {n_mentions} mentions, so many of them in reach of each other that '{name}' left out "
        "{n_pairs} of their pairs and looks at nearest neighbours only. Is it a list, or are its sentence boundaries "
        "missing? Such documents are not warned of again."
    )
    BRW22 = (
        "The relations that document '{doc_id}' had before '{name}' are not its own and were taken off it: {problem} "
        "Such documents are not warned of again."
    )
    BRW23 = (
        "{n_excluded} of {n_docs} documents of {path} are left out: they are among those to exclude, or hold a "
        "sentence of one. They are {doc_ids}."
    )
    BRW24 = (
        "The corpus {path} is said to annotate {missing}, but the {n_docs} documents that 'limit' leaves of it have no "
        "mention of that; they have: {found}. Are the types of the corpus right?"
    )
    # converting corpora
    BRW11 = "The split '{split}' in {path} has no table of relations: its documents are written without relations."
    BRW12 = (
        "{number} article(s) are in more than one of the outputs; the first is '{first}', in {splits}. If these are "
        "splits of one corpus, its test results will be too good."
    )
    BRW13 = "These names to rename or to keep occur nowhere in the corpus: {names}."
    BRW14 = (
        "{path}: no two instances are known to come from one article, so --split divides them singly. Sentences of one "
        "article, and pairs of one sentence, may come to lie on both sides."
    )
    BRW15 = "{number} interaction(s) without a type are left out; the first is in {first}."
    BRW16 = (
        "{number} discontinuous mention(s) fit the text only when moved by one character, and were moved; the first is "
        "in {first}."
    )
    BRW17 = (
        "In {number} document(s), the first of which is '{doc_id}', most mentions begin or end inside a token and were "
        "moved to its edges. Do their offsets count bytes, or from 1? If they are right, --align cut keeps them."
    )
    BRW20 = (
        "No gold relations in any of the {n_docs} documents, so there is nothing to score. Do the corpus and the "
        "labels belong together, and was the corpus saved with its user data (DocBin(store_user_data=True))?"
    )
    BRW21 = (
        "{n_relations} gold relation(s) can't be found by this model and count as missed, because its schema does not "
        "allow their entity types: {examples} (first in document '{doc_id}')."
    )
    BRW41 = (
        "No document of the text can have been recognised as an excluded one: the excluded ids look like '{excluded}', "
        "those of the text like '{found}'. Give a file with the excluded documents themselves, such as test.spacy: "
        "their sentences are then looked for."
    )
    BRW50 = (
        "Folds are divided by instance: {shared} of {articles} articles stand on both sides of a fold, so that scores "
        "are too good. They stand beside other work that divides in this way; --by document is the honest measure."
    )
    BRW51 = (
        "Parts of the given folds that should share nothing have {articles} articles and {repeats} texts in common, so "
        "that scores are too good."
    )
    BRW52 = (
        "No two of the {n_docs} documents, each of one sentence, are known to come from one article, so they are "
        "divided singly. Sentences of one article, and pairs of one sentence, may come to lie on both sides of a fold."
    )
    BRW53 = (
        "The development part has no gold relations to choose a model with: the last one is taken instead of the best."
    )
    BRW54 = (
        "The state of the training can't be written to {path}: {problem}. The training goes on, but after an "
        "interruption it could only from an earlier state."
    )
    # pipelines of a recogniser and a relation extractor
    BRW60 = (
        "No type map covers these labels of the recogniser: {labels}. Their entities are kept as they are, and no "
        "relation takes them. If they stand for one of {wanted}, say so with --map-types; to drop them, map them to "
        "null in a file (--types)."
    )
    BRW61 = (
        "These relations can't be found, because the recogniser '{name}' finds no {missing}: {labels}. Map labels with "
        "--map-types if it has others for these types."
    )
    BRW62 = "The two pipelines have different {what}. Those of the relation model are not used: {consequence}."
    BRW63 = (
        "The recogniser '{name}' sets no sentence boundaries, which the relations need. A sentencizer was added after "
        "it; it splits at punctuation only."
    )
    BRW64 = (
        "It was not checked whether the entities fit the relations: '{components}' does not say, by an attribute "
        "'labels', which labels it gives."
    )
    BRW66 = (
        "The recogniser '{name}' has another tokenizer than scispaCy's, which replaces it now. It was trained with its "
        "own, and may miss mentions where tokens differ. Leave --scispacy-tokenizer away to keep its own."
    )
    BRW67 = (
        "The type map changes {labels}, which the relations of '{names}' are between. They stay in doc._.relations, "
        "with the earlier types, but the entities, which have other types then, no longer know of them "
        "(span._.relations)."
    )
