_base_ = "../heteroakd/rooms_deeplabv3plus-r18-small_from_segformer-b0.py"
model = dict(distillers=[dict(type="CWDLoss")])
